/**
 * The system calls that an app's code is refused, as a filter for the kernel (classic BPF). It does not make a wall
 * alone: users and mounts do. It closes the doors by which an ordinary user gets at much more of the kernel than an app
 * needs - user namespaces, keyrings, BPF, rare socket families - and typing into a terminal that is not one's own.
 */

/** What differs between processors: the number that the kernel calls one by, and those of its system calls. */
type Machine = {
  readonly audit: number;
  readonly calls: Readonly<Record<Refused | "clone" | "clone3" | "unshare" | "ioctl" | "socket", number>>;
};

type Refused = (typeof refused)[number];

/** Refused whatever their arguments: what it takes to change mounts, and what ever again lets a user into the kernel. */
const refused = [
  "mount",
  "umount2",
  "pivot_root",
  "setns",
  "add_key",
  "request_key",
  "keyctl",
  "perf_event_open",
  "bpf",
  "userfaultfd",
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "open_tree",
  "move_mount",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "mount_setattr",
] as const;

/** Newer calls have one number everywhere. */
const newer = {
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  clone3: 435,
  mount_setattr: 442,
};

const machines: Readonly<Record<string, Machine>> = {
  x64: {
    audit: 0xc000003e,
    calls: {
      ...newer,
      ioctl: 16,
      socket: 41,
      clone: 56,
      pivot_root: 155,
      mount: 165,
      umount2: 166,
      add_key: 248,
      request_key: 249,
      keyctl: 250,
      unshare: 272,
      perf_event_open: 298,
      setns: 308,
      bpf: 321,
      userfaultfd: 323,
    },
  },
  arm64: {
    audit: 0xc00000b7,
    calls: {
      ...newer,
      ioctl: 29,
      umount2: 39,
      mount: 40,
      pivot_root: 41,
      unshare: 97,
      socket: 198,
      add_key: 217,
      request_key: 218,
      keyctl: 219,
      clone: 220,
      perf_event_open: 241,
      setns: 268,
      bpf: 280,
      userfaultfd: 282,
    },
  },
};

const allow = 0x7fff0000;
const kill = 0x80000000;
const errno = (number: number): number => 0x00050000 | number;
const EPERM = errno(1);
const ENOSYS = errno(38);
const EPROTONOSUPPORT = errno(93);
const EAFNOSUPPORT = errno(97);

const cloneNewUser = 0x10000000;
/** TIOCSTI types into a terminal, TIOCLINUX pastes into one. */
const typing = [0x5412, 0x541c];
/** unix, inet, inet6; and netlink for its routing protocol alone, which lists one's own addresses. */
const families = [1, 2, 10];
const netlink = 16;

/** Where the kernel puts what it asks about: the number, the machine, and the low halves of the arguments. */
const number = 0;
const machine = 4;
const argument = (index: number): number => 16 + 8 * index;

type Instruction = readonly [code: number, yes: number, no: number, value: number];

const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const give = (verdict: number): Instruction => [0x06, 0, 0, verdict];
/** Goes on with the next instruction, or leaves out `skip` of them. */
const unlessEqual = (value: number, skip: number): Instruction => [0x15, 0, skip, value];
const ifEqual = (value: number, skip: number): Instruction => [0x15, skip, 0, value];
const unlessAtLeast = (value: number, skip: number): Instruction => [0x35, 0, skip, value];
const unlessAnyBit = (value: number, skip: number): Instruction => [0x45, 0, skip, value];

/** The filter for `arch` (process.arch) as bwrap takes it; undefined for a processor whose calls are not known here. */
export function seccompFilter(arch: string): Buffer | undefined {
  const found = machines[arch];
  if (found === undefined) return undefined;
  const { audit, calls } = found;
  /** What is done at one call. It either gives a verdict or falls through, after which the number is loaded again. */
  const at = (call: number, body: readonly Instruction[]): Instruction[] => [
    unlessEqual(call, body.length + 1),
    ...body,
    load(number),
  ];
  const program: Instruction[] = [
    load(machine),
    ifEqual(audit, 1),
    give(kill),
    load(number),
    // The second set of numbers of x86 (x32) would lead around all that follows.
    ...(arch === "x64" ? [unlessAtLeast(0x40000000, 1), give(ENOSYS)] : []),
    ...refused.flatMap((name) => [unlessEqual(calls[name], 1), give(EPERM)]),
    // Its flags lie in memory, where a filter cannot look: a C library that is told it is missing takes the older one.
    unlessEqual(calls.clone3, 1),
    give(ENOSYS),
    ...at(calls.clone, [load(argument(0)), unlessAnyBit(cloneNewUser, 1), give(EPERM)]),
    ...at(calls.unshare, [load(argument(0)), unlessAnyBit(cloneNewUser, 1), give(EPERM)]),
    ...at(calls.ioctl, [load(argument(1)), ...typing.flatMap((request) => [unlessEqual(request, 1), give(EPERM)])]),
    unlessEqual(calls.socket, 3 + 2 * families.length + 3),
    load(argument(0)),
    ...families.flatMap((family) => [unlessEqual(family, 1), give(allow)]),
    unlessEqual(netlink, 3),
    load(argument(2)),
    ifEqual(0, 2),
    give(EPROTONOSUPPORT),
    give(EAFNOSUPPORT),
    give(allow),
  ];
  return encode(program);
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  for (const [index, [code, yes, no, value]] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * index);
    bytes.writeUInt8(yes, 8 * index + 2);
    bytes.writeUInt8(no, 8 * index + 3);
    bytes.writeUInt32LE(value >>> 0, 8 * index + 4);
  }
  return bytes;
}
