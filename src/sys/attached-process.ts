/**
 * Child processes that are not run to their end and read, as exec.ts does, but have the terminal meanwhile: a pager, a browser.
 * An argv, never a shell string; the process group is ours, so that the terminal is theirs, too.
 */
import { spawn } from "node:child_process";

type Environment = Readonly<Record<string, string | undefined>>;

/** Shows text by a program that has the terminal; resolves when that has ended, with false when it could not be started. */
export function showBy(argv: readonly [string, ...string[]], text: string, env: Environment): Promise<boolean> {
  const [command, ...args] = argv;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(command, args, { env, stdio: ["pipe", "inherit", "inherit"] });
  child.on("error", () => resolve(false));
  child.on("close", () => resolve(true));
  // Who has seen enough closes it.
  child.stdin.on("error", () => undefined).end(text);
  return promise;
}
