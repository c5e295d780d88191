/** The load: drive.c, compiled for this run, and what it is told to do. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "#sys/exec.ts";

export type Load = {
  /** Requests a second on a timetable; 0 is as fast as answers come. */
  readonly rate: number;
  readonly connections: number;
  /** `kept`, or a `new` one for each request; `echo` is WebSockets that are kept. */
  readonly kind: "kept" | "new" | "echo";
  readonly seconds: number;
};

export type Driven = {
  /** Milliseconds; from when a request was due when there is a timetable. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly good: number;
  readonly connects: number;
  readonly seconds: number;
  /** Seconds on a CPU of the processes that were asked, and of the load itself. */
  readonly cpu: number;
  readonly own: number;
};

/** `address` is the path of a unix socket or IPv4:PORT; requests take turns. Throws when one failed. */
export type Drive = (
  address: string,
  load: Load,
  requests: readonly Uint8Array[],
  pids: readonly number[],
) => Promise<Driven>;

export async function makeDrive(cc: string, directory: string): Promise<Drive> {
  const program = join(directory, "drive");
  const made = await exec([cc, "-O2", "-o", program, join(import.meta.dirname, "drive.c")], {
    env: { PATH: "/usr/bin:/bin" },
  });
  if (made.exitCode !== 0) throw new Error(`drive.c does not compile:\n${made.stderr}`);
  let files = 0;
  return async (address, { rate, connections, kind, seconds }, requests, pids) => {
    const paths = requests.map((bytes) => {
      files += 1;
      const path = join(directory, `request-${files}`);
      writeFileSync(path, bytes);
      return path;
    });
    const numbers = [connections, rate, seconds].map(String);
    const { exitCode, stdout, stderr } = await exec([program, address, ...numbers, kind, paths.join(), pids.join()]);
    if (exitCode !== 0) throw new Error(`the load on ${address} ended with ${exitCode}:\n${stderr}`);
    const driven = JSON.parse(stdout) as Driven & { readonly failed: number; readonly firstFailure: string };
    const { failed, firstFailure, ...rest } = driven;
    if (failed > 0 || rest.good === 0)
      throw new Error(`${address}: ${failed} of ${rest.good + failed} requests failed, first: ${firstFailure}`);
    return rest;
  };
}

/** A request as it goes over the wire. */
export function requestText(
  host: string,
  path: string,
  { close = false, body }: { readonly close?: boolean; readonly body?: Uint8Array } = {},
): Uint8Array {
  const head = [
    `${body === undefined ? "GET" : "POST"} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...(close ? ["Connection: close"] : []),
    ...(body === undefined ? [] : ["Content-Type: application/octet-stream", `Content-Length: ${body.length}`]),
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body ?? Buffer.alloc(0)]);
}

/** CPU-seconds for a thousand requests. */
export function cpuPerThousand({ cpu, good }: Driven): number {
  return (cpu / good) * 1000;
}
