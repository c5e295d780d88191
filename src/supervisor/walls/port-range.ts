/**
 * Ports that Hop3 gives to apps are bound by those to whom they were given: of the range an app's process gets its own alone.
 * Else one app could take another's in the moment when that is down, and its visitors with it, or all of them, so that no
 * app could start. The rules of netfilter come too late for that: they see packets. So a program of eight instructions hangs
 * on the run's cgroup (of version 2) and answers each bind; Perl, which every Debian and Ubuntu has, puts it there, as root.
 */
import type { HostTool } from "../host-tool.ts";
import { perl } from "./landlock.ts";

export type PortRange = { readonly first: number; readonly last: number };

const call: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };

/**
 * Arguments: directory of the cgroup, number of the system call bpf, first and last of the range, and the one that is free (0
 * for none). Loads the program once for each of IPv4 and IPv6 and attaches it; whoever is in the cgroup from then on has it.
 */
export const holdPorts = `
my ($cgroup, $bpf, $first, $last, $own) = @ARGV;
my $code = "";
sub add { my ($op, $to, $from, $by, $value) = @_; $code .= pack("CCsl", $op, $to | $from << 4, $by, $value) }
add(0x61, 2, 1, 24, 0);      # r2 = the port, as it goes over the wire
add(0xdc, 2, 0, 0, 16);      # as a number
add(0xb7, 0, 0, 0, 1);       # yes,
add(0xa5, 2, 0, 3, $first);  # below the range,
add(0x25, 2, 0, 2, $last);   # above it,
add(0x15, 2, 0, 1, $own);    # or the own one;
add(0xb7, 0, 0, 0, 0);       # else no
add(0x95, 0, 0, 0, 0);
my $license = "none";
my $name = "hop3_ports";
sysopen my $directory, $cgroup, 0200000 or exit 1;
for my $family (8, 9) {
  my $load = pack("LLPPLLQLLa16LL", 18, 8, $code, $license, 0, 0, 0, 0, 0, $name, 0, $family);
  my $program = syscall($bpf + 0, 5, $load, length $load);
  $program >= 0 or exit 1;
  my $attach = pack("LLLL", fileno $directory, $program, $family, 2);
  syscall($bpf + 0, 8, $attach, length $attach) == 0 or exit 1;
}`;

/** An argument of holdPorts; undefined on a processor whose calls are not known here. */
export function bpfCall(arch: string = process.arch): string | undefined {
  const number = call[arch];
  return number === undefined ? undefined : String(number);
}

/** Whether the kernel takes it, tried on a cgroup of no process. */
export async function canHoldPorts(cgroup: string | undefined, tool: HostTool): Promise<boolean> {
  const number = bpfCall();
  if (cgroup === undefined || number === undefined) return false;
  const { status } = await tool([perl, "-e", holdPorts, cgroup, number, "1", "1", "1"]);
  return status === 0;
}
