/**
 * Child processes that are not run to their end and read, as exec.ts does, but stand between us and somebody: a pager, ssh.
 * An argv, never a shell string; the process group is ours, so that the terminal is theirs, too.
 */
import { spawn } from "node:child_process";
import { Duplex } from "node:stream";

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

export type Piped = {
  /** Its stdin and stdout. Destroying it ends the process. */
  readonly stream: Duplex;
  /** Its exit status, or null after a signal, with the last it has said on stderr. Rejects when it could not be started. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly said: string }>;
};

const saidMax = 4096;

/**
 * Starts a program whose stdin and stdout are a connection. What is pressed at the terminal (Ctrl-C) reaches it, unless it is
 * `apart`: then it has no terminal, and can ask nobody anything.
 */
export function pipeThrough(argv: readonly string[], env: Environment, apart = false): Piped {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, { env, stdio: "pipe", detached: apart });
  const { stdin, stdout, stderr } = child;
  let said = "";
  stderr.setEncoding("utf8").on("data", (chunk: string) => (said = (said + chunk).slice(-saidMax)));
  const { promise: ended, resolve, reject } = Promise.withResolvers<{ exitCode: number | null; said: string }>();
  child.on("error", reject);
  // Not "close": a process that it left in the background may keep its stderr.
  child.on("exit", (exitCode) => setImmediate(() => resolve({ exitCode, said })));
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk: Buffer, _, done) => void stdin.write(chunk, done),
    final: (done) => void stdin.end(done),
    destroy: (error, done) => {
      child.kill("SIGTERM");
      done(error);
    },
  });
  stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  stdout.on("end", () => stream.push(null));
  stdin.on("error", (error) => stream.destroy(error));
  // As a socket has it; what HTTP has read to its end it does not need any more.
  return { stream: Object.assign(stream, { destroySoon: () => stream.destroy() }), ended };
}
