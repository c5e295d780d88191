/** A server that the bench starts itself. */
import { request } from "node:http";
import { connect, type NetConnectOpts } from "node:net";
import { exec } from "#sys/exec.ts";

export type Serving = {
  readonly pid: number;
  /** TERM, and KILL to its process group when it takes more than 5 s. */
  stop(): Promise<void>;
};

export type Command = {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
};

const patienceMs = 20_000;

/** Milliseconds between two looks whether it answers. */
const lookMs = 1;

/** Starts it and looks until it is up; `ms` is how long that took. Throws with what it said. */
export type Serve = (
  command: Command,
  up: () => Promise<unknown>,
) => Promise<{ readonly serving: Serving; readonly ms: number }>;

/** What is served when the signal comes is killed at once. */
export function servingUntil(interrupted: AbortSignal): Serve {
  return async ({ argv, cwd, env }, up) => {
    const killing = new AbortController();
    const signal = AbortSignal.any([killing.signal, interrupted]);
    const said: string[] = [];
    let pid = 0;
    const began = performance.now();
    const onSpawn = (spawned: number) => (pid = spawned);
    const ended = exec(argv, { cwd, env, signal, onSpawn, onLine: (line) => void said.push(line) }).catch(
      () => undefined,
    );
    try {
      await untilDone(up);
    } catch (error) {
      killing.abort();
      await ended;
      throw new Error(`${String(error)}\n${argv.join(" ")}\n${said.slice(-20).join("\n")}`, { cause: error });
    }
    const ms = performance.now() - began;
    const stop = async () => {
      if (!interrupted.aborted) process.kill(pid, "SIGTERM");
      const late = setTimeout(() => killing.abort(), 5000);
      await ended;
      clearTimeout(late);
    };
    return { serving: { pid, stop }, ms };
  };
}

/** Tries again and again until it does not reject. Throws its last error when that takes too long. */
export async function untilDone<Value>(one: () => Promise<Value>): Promise<Value> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await one();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** The body of a 200 from a unix socket; rejects otherwise. */
export function askSocket(socketPath: string, path = "/"): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: "app.localhost", connection: "close" };
    const outgoing = request({ socketPath, path, headers, agent: false, timeout: 1000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${socketPath} answers with ${response.statusCode}`));
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error(`${socketPath} does not answer`)));
    outgoing.on("error", reject).end();
  });
}

/** Resolves when a connection was taken. */
export function dialed(where: NetConnectOpts): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(where, () => {
      socket.destroy();
      resolve();
    });
    socket.on("error", reject);
  });
}
