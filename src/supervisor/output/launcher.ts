import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyEnvironment, renderEnvironment, runEnvironment } from "./apply-environment.ts";

/** Least bytes of one spool segment, and how many a stream may have before output is dropped: 64 x 4 MiB. */
export const SEGMENT_BYTES = 4 * 1024 * 1024;
export const SEGMENTS_PER_STREAM = 64;

/** One block, so that the launcher's lines fit into space that is already allocated when the disk is full. */
const STATUS_BYTES = 4096;

/**
 * The parent of every instance. It runs the app in the foreground and writes its exit down; two pumps copy the app's
 * output from FIFOs into numbered spool segments. It never learns what the app's environment is.
 */
export const LAUNCHER_SCRIPT = `#!/bin/sh
# hop3 launcher: sh launcher.sh INSTANCE_DIR COMMAND [ARGUMENT...]
d=$1; shift
trap : TERM INT HUP QUIT USR1 USR2 PIPE ALRM
exec 6<>"$d/status" </dev/null >/dev/null 2>&1
read -r boot </proc/sys/kernel/random/boot_id
read -r stat <"/proc/$$/stat"
start() { shift 19; echo "$1"; }
printf 'boot %s\\nlauncher %s %s\\n' "$boot" $$ "$(start \${stat##*) })" >&6
mkfifo -m 0622 "$d/out" "$d/err" || exit 1
exec 3<>"$d/out" 4<>"$d/err"

# Copies one FIFO into segments. A segment number left out tells the reader that output was dropped there.
pump() {
  exec <"$d/$1" 3>&- 4>&- 6>&-
  n=1 had=0
  while :; do
    set -- "$1" "$d/$1".*
    if [ $# -le ${SEGMENTS_PER_STREAM} ] && dd bs=16k count=128 status=none >>"$d/$1.$n"; then
      size=$(wc -c <"$d/$1.$n") || size=${SEGMENT_BYTES}
      [ "$size" -eq "$had" ] && return
      had=$size
      [ "$size" -ge ${SEGMENT_BYTES} ] && n=$((n + 1)) had=0
    else
      # The end of the stream while dropping: the empty segment is there to say so.
      timeout 1 cat && { : >>"$d/$1.$((n + 2))"; return; }
      n=$((n + 2)) had=0
    fi
  done
}
( pump out ) & a=$!
( pump err ) & b=$!

# In the foreground: after '&' the app would inherit an ignored SIGINT. Own session: a kill of its group spares us.
setsid /bin/sh -c '
  exec ${runEnvironment}<"$0/env" >"$0/out" 2>"$0/err"
  rm -f "$0/env"
  read -r stat <"/proc/$$/stat"
  start() { shift 19; echo "app $$ $1"; }
  start \${stat##*) } >&6
  exec 6>&-
  exec "$@"' "$d" "$@" 3>&- 4>&-
s=$?
echo "exit $s" >&6
exec 3>&- 4>&-
while kill -0 $a || kill -0 $b; do wait $a $b; done
echo "drained $s" >&6
`;

/** The environment of the launcher itself. The app's PATH or LD_PRELOAD must not steer a shell that runs as the supervisor. */
export const LAUNCHER_ENV: Readonly<Record<string, string>> = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/** Makes the directory of one run of one instance: 0700, with its status block and its environment. */
export function prepareInstance(instanceDir: string, environment: Readonly<Record<string, string>>): void {
  mkdirSync(instanceDir, { mode: 0o700 });
  writeFileSync(join(instanceDir, "status"), " ".repeat(STATUS_BYTES), { mode: 0o600, flag: "wx" });
  // The launcher removes it when the app has it open: secrets stay on the disk for milliseconds.
  writeFileSync(join(instanceDir, "env"), renderEnvironment(environment), { mode: 0o600, flag: "wx" });
}

/**
 * What to spawn, with `{ detached: true, stdio: 'ignore', env: LAUNCHER_ENV }`. `wrapper` (setpriv, unshare, ...) comes
 * before the app's environment is applied; `command` is the app's own argv.
 */
export function launcherArgv(
  script: string,
  instanceDir: string,
  wrapper: readonly string[],
  command: readonly string[],
): string[] {
  return [
    "/bin/sh",
    script,
    instanceDir,
    ...wrapper,
    "/bin/sh",
    "-c",
    applyEnvironment(runEnvironment),
    "app",
    ...command,
  ];
}
