/** The filter as the kernel would run it, for processors that this host has not. That it holds: attack.test.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seccompFilter } from "./seccomp.ts";

type Call = { readonly audit: number; readonly number: number; readonly args?: readonly number[] };

/** Runs the program as seccomp(2) and the kernel's BPF say; the verdict. */
function verdict(program: Buffer, { audit, number, args = [] }: Call): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number >>> 0, 0);
  data.writeUInt32LE(audit >>> 0, 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt(value), 16 + 8 * index);
  let loaded = 0;
  for (let at = 0; at < program.length / 8; at++) {
    const [code, yes, no] = [
      program.readUInt16LE(8 * at),
      program.readUInt8(8 * at + 2),
      program.readUInt8(8 * at + 3),
    ];
    const value = program.readUInt32LE(8 * at + 4);
    if (code === 0x20) loaded = data.readUInt32LE(value);
    else if (code === 0x15) at += loaded === value ? yes : no;
    else if (code === 0x35) at += loaded >= value ? yes : no;
    else if (code === 0x45) at += (loaded & value) !== 0 ? yes : no;
    else if (code === 0x06) return verdicts[value] ?? `errno ${value & 0xffff}`;
    else assert.fail(`an instruction that the kernel does not take: ${code}`);
  }
  return assert.fail("the program has no end");
}

const verdicts: Readonly<Record<number, string>> = { 0x7fff0000: "allow", 0x80000000: "kill" };

/** The kernel's own numbers: asm/unistd_64.h, asm-generic/unistd.h, linux/audit.h. */
const machines = {
  x64: {
    audit: 0xc000003e,
    read: 0,
    ioctl: 16,
    socket: 41,
    clone: 56,
    mount: 165,
    keyctl: 250,
    unshare: 272,
    bpf: 321,
  },
  arm64: {
    audit: 0xc00000b7,
    read: 63,
    ioctl: 29,
    socket: 198,
    clone: 220,
    mount: 40,
    keyctl: 219,
    unshare: 97,
    bpf: 280,
  },
};

for (const [arch, calls] of Object.entries(machines)) {
  describe(`the filter of ${arch}`, () => {
    const program = seccompFilter(arch) ?? assert.fail("there is none");
    const ask = (number: number, ...args: readonly number[]) => verdict(program, { audit: calls.audit, number, args });

    it("lets ordinary calls pass, and threads and processes be made", () => {
      assert.equal(ask(calls.read, 0, 0, 1), "allow");
      assert.equal(ask(calls.clone, 0x3d0f00), "allow");
      assert.equal(ask(calls.clone, 17), "allow");
      assert.equal(ask(calls.unshare, 0x400), "allow");
      assert.equal(ask(calls.ioctl, 0, 0x5401), "allow");
    });

    it("refuses what changes mounts, namespaces of users, keyrings and BPF", () => {
      for (const name of ["mount", "keyctl", "bpf"] as const) assert.equal(ask(calls[name]), "errno 1", name);
      for (const number of [425, 428, 429, 430, 442]) assert.equal(ask(number), "errno 1", String(number));
      for (const name of ["clone", "unshare"] as const)
        assert.equal(ask(calls[name], 0x10000000 | 0x20000), "errno 1", name);
      assert.equal(ask(435), "errno 38");
    });

    it("refuses typing into a terminal, with whatever stands in the half that the kernel does not look at", () => {
      for (const request of [0x5412, 0x541c, 0x7700005412]) assert.equal(ask(calls.ioctl, 0, request), "errno 1");
    });

    it("lets sockets of unix, IPv4, IPv6 and of routing be made, and no others", () => {
      for (const family of [1, 2, 10]) assert.equal(ask(calls.socket, family, 1, 0), "allow");
      assert.equal(ask(calls.socket, 16, 3, 0), "allow");
      assert.equal(ask(calls.socket, 16, 3, 4), "errno 93");
      for (const family of [0, 3, 17, 31, 38, 40, 44]) assert.equal(ask(calls.socket, family, 1, 0), "errno 97");
    });

    it("kills who calls by another machine's numbers", () => {
      assert.equal(verdict(program, { audit: 0x40000003, number: 1 }), "kill");
      if (arch === "x64") assert.equal(ask(0x40000000 + 41, 17), "errno 38");
    });
  });
}

it("there is no filter for a processor whose calls are not known", () =>
  assert.equal(seccompFilter("riscv64"), undefined));
