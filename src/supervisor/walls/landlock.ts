/**
 * What an app's own user gives up before its command begins, for bwrap has no option for it: core dumps, others' sockets
 * that have a name and no file, and making anything but sockets in the directories of its sockets, which lie in the host's
 * /run. By Landlock, in Perl: a part of every Debian and Ubuntu, which can make a system call by its number. What the kernel
 * does not know is left out, and named (missing.ts).
 */
import type { HostTool } from "../host-tool.ts";

export const perl = "/usr/bin/perl";

/** The versions of Landlock that know sockets without a file (kernel 6.12), and moving apart from making (5.19). */
export const landlockOf = { abstract: 6, making: 2 } as const;

/** Its numbers of system calls are the same everywhere, prlimit64's is not. */
const prlimit: Readonly<Record<string, number>> = { x64: 302, arm64: 261 };

/**
 * Arguments: the number of prlimit64, 0 where it is not known; the directories in which anything may be made; `--`; the command.
 * A core of one byte: none is written then, where with none allowed at all the kernel still starts the program of the host,
 * as root, that takes them. Rights: to make a directory, a file, a FIFO, a link, and to move.
 */
const script = `
my ($limit, @free) = (shift);
while (($_ = shift) ne "--") { push @free, $_ }
my $core = pack("Q2", 1, 1);
!$limit || syscall($limit, 0, 4, $core, 0) == 0 or exit 125;
my $version = syscall(444, 0, 0, 1);
my $making = 1 << 7 | 1 << 8 | 1 << 10 | 1 << 12 | 1 << 13;
my $handled = $version >= ${landlockOf.making} && @free ? $making : 0;
my $scoped = $version >= ${landlockOf.abstract} ? 1 : 0;
if ($handled || $scoped) {
  my $size = $version >= 6 ? 24 : $version >= 4 ? 16 : 8;
  my $what = pack("Q3", $handled, 0, $scoped);
  my $rules = syscall(444, $what, $size, 0);
  $rules >= 0 or exit 125;
  for (grep { -d } @free) {
    sysopen my $directory, $_, 010000000 or exit 125;
    my $rule = pack("Ql", $making, fileno $directory);
    syscall(445, $rules, 1, $rule, 0) == 0 or exit 125;
  }
  syscall(446, $rules, 0) == 0 or exit 125;
}
exec { $ARGV[0] } @ARGV;
exit 126`;

/** What comes before the command. In `free` it may make anything, elsewhere sockets alone; when there is none, anything anywhere. */
export function landlockArgv(free: readonly string[], arch: string = process.arch): string[] {
  return [perl, "-e", script, String(prlimit[arch] ?? 0), ...free, "--"];
}

/** The version that this kernel has; 0 without. */
export async function landlockVersion(tool: HostTool): Promise<number> {
  const { stdout } = await tool([perl, "-e", "print syscall(444, 0, 0, 1)"]);
  return Math.max(0, Number.parseInt(stdout, 10) || 0);
}
