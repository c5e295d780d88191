// Child processes of the probes: started from argv arrays, waited for, charged for their CPU time.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { type Address, parseAddress } from "./address.ts";

const here = import.meta.dirname;
const TICKS_PER_SECOND = 100;

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** User and system time the process has used so far, in milliseconds. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

export function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`cannot start ${child.spawnfile}`);
  return child.pid;
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await exited;
  clearTimeout(timer);
}

export interface Instance {
  readonly name: string;
  readonly address: Address;
  readonly child: ChildProcess;
}

export async function startInstance(name: string, listen: Address, idsFile: string): Promise<Instance> {
  const where = listen.kind === "unix" ? listen.path : String(listen.port);
  const child = spawn(process.execPath, [`${here}/app.ts`, name, where, idsFile], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  const address = parseAddress(chunk.toString().trim());
  if (address === undefined) throw new Error(`${name} said ${chunk.toString()}`);
  return { name, address, child };
}

export function startLoad(port: number, reportFile: string): ChildProcess {
  return spawn(process.execPath, [`${here}/load.ts`, String(port), reportFile], {
    stdio: ["pipe", "inherit", "inherit"],
  });
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  server.close();
  if (typeof bound !== "object" || bound === null) throw new Error("no free port");
  return bound.port;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request on a connection of its own. */
export function fetchOnce(
  to: { readonly socketPath: string } | { readonly port: number },
  host: string,
  path: string,
  send?: { readonly method: string; readonly body: string; readonly headers?: Record<string, string> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const target = "socketPath" in to ? to : { host: "127.0.0.1", port: to.port };
    const headers = { host, ...send?.headers };
    const outgoing = request({ ...target, path, method: send?.method ?? "GET", agent: false, headers }, (incoming) => {
      let body = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => (body += chunk));
      incoming.on("error", reject);
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, body }));
    });
    outgoing.on("error", reject);
    outgoing.end(send?.body);
  });
}

/** Waits until the app behind the proxy answers. */
export async function untilAnswers(port: number, host: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await fetchOnce({ port }, host, "/").catch(() => undefined);
    if (answer?.status === 200) return;
    await pause(50);
  }
  throw new Error(`nothing answers for ${host}`);
}
