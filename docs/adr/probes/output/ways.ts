/** The ways compared, and how an instance is started in each. Imported by the other programs; not run by itself. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  LAUNCHER_ENV,
  LAUNCHER_SCRIPT,
  launcherArgv,
  prepareInstance,
} from "../../../../src/supervisor/output/launcher.ts";

export const WAYS = ["fifo", "cat", "file", "segments"] as const;
export type Way = (typeof WAYS)[number];

export function isWay(text: string | undefined): text is Way {
  return WAYS.some((way) => way === text);
}

/** Starts `command` as an instance in `dir` (made here), with no reader. */
export function launch(way: Way, dir: string, command: readonly string[]): ChildProcess {
  if (way === "segments") prepareInstance(dir, { PATH: String(process.env["PATH"]) });
  else {
    mkdirSync(dir, { mode: 0o700 });
    writeFileSync(join(dir, "status"), " ".repeat(4096));
    for (const stream of way === "fifo" ? [] : ["out", "err"]) writeFileSync(join(dir, `raw.${stream}`), "");
  }
  const shipped = join(import.meta.dirname, "launcher.sh");
  if (readFileSync(shipped, "utf8") !== LAUNCHER_SCRIPT)
    throw new Error("launcher.sh is not the launcher that the supervisor uses");
  const argv =
    way === "segments"
      ? launcherArgv(shipped, dir, [], command)
      : ["/bin/sh", join(import.meta.dirname, `${way}.sh`), dir, ...command];
  const [file = "", ...args] = argv;
  return spawn(file, args, { detached: true, stdio: "ignore", env: LAUNCHER_ENV });
}
