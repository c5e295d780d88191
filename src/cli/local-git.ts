/** git on the person's own machine, in the directory of the app. */
import type { ExecResult } from "#core/plugin.ts";
import { AppError } from "#core/errors.ts";
import { exec } from "#sys/exec.ts";
import type { Terminal } from "./terminal.ts";

export type LocalGit = {
  /** A non-zero exit is a result. */
  run(...args: readonly string[]): Promise<ExecResult>;
  /** What it printed; throws UNAVAILABLE with what it said. */
  must(...args: readonly string[]): Promise<string>;
};

/** Throws USAGE outside of a repository, UNAVAILABLE without git. */
export async function localGit({ cwd, env, signal }: Terminal): Promise<LocalGit> {
  // As the person has it: git's own settings are theirs.
  const environment = Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const run = (...args: readonly string[]): Promise<ExecResult> =>
    exec(["git", ...args], { cwd, env: environment, signal }).catch((cause: unknown) => {
      if (signal.aborted) throw cause;
      throw new AppError("UNAVAILABLE", "git could not be started.", { hint: "Install git.", cause });
    });
  const inside = await run("rev-parse", "--is-inside-work-tree");
  if (inside.exitCode !== 0 || inside.stdout.trim() !== "true")
    throw new AppError("USAGE", "This directory is in no git repository.", {
      hint: "Make one: git init && git add . && git commit -m first",
    });
  return {
    run,
    async must(...args) {
      const done = await run(...args);
      if (done.exitCode === 0) return done.stdout.trim();
      throw new AppError("UNAVAILABLE", `git ${args[0]} failed.`, {
        hint: "Look at what git said.",
        details: done.stderr.trim().split("\n").slice(-5),
      });
    },
  };
}
