/** The real git as a client of a platform: a work tree of its own, and nothing of the settings of who runs the test. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "#sys/exec.ts";

export type Git = {
  readonly directory: string;
  /** Exit status and all that was said; `remote:` is left on its lines. */
  run(...args: readonly string[]): Promise<{ readonly status: number; readonly said: string }>;
  /** What it printed; fails the test when git fails. */
  must(...args: readonly string[]): Promise<string>;
  /** Commits the files of a directory, or those given, and returns the commit. */
  commit(files: string | Readonly<Record<string, string>>): Promise<string>;
};

/** A new work tree on the branch main. `env` goes to every git command. */
export async function gitIn(directory: string, env: Readonly<Record<string, string>> = {}): Promise<Git> {
  mkdirSync(directory, { recursive: true });
  const environment = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: join(directory, "../no-home"),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_AUTHOR_NAME: "Ada",
    GIT_AUTHOR_EMAIL: "ada@example.com",
    GIT_COMMITTER_NAME: "Ada",
    GIT_COMMITTER_EMAIL: "ada@example.com",
    ...env,
  };
  const run = async (...args: readonly string[]) => {
    const done = await exec(["git", ...args], { cwd: directory, env: environment, timeoutMs: 120_000 });
    return { status: done.exitCode ?? -1, said: done.stdout + done.stderr };
  };
  const must = async (...args: readonly string[]) => {
    const { status, said } = await run(...args);
    assert.equal(status, 0, `git ${args.join(" ")}:\n${said}`);
    return said.trim();
  };
  await must("init", "--quiet", "--initial-branch=main");
  return {
    directory,
    run,
    must,
    async commit(files) {
      if (typeof files === "string") cpSync(files, directory, { recursive: true });
      else for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
      await must("add", "--all");
      await must("commit", "--quiet", "--allow-empty", "--message", "a change");
      return must("rev-parse", "HEAD");
    },
  };
}
