/** That the load is not what is measured: how much it asks of a server that does nothing, beside what it takes itself. */
import { createServer } from "node:net";
import { join } from "node:path";
import { type Report, say } from "../report.ts";
import { spread, summarize } from "../statistics.ts";
import { type Drive, type Driven, requestText } from "./drive.ts";
import { dialed, type Serve } from "./serving.ts";

type Place = { readonly directory: string; readonly drive: Drive; readonly serve: Serve; readonly seconds: number };

/** The server, in a process of its own: answers whatever comes with the same bytes. */
export function answerAnything(socket: string): void {
  const answer = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 61\r\n\r\n".padEnd(100, "x"));
  createServer((one) => {
    one.on("data", () => one.write(answer));
    one.on("error", () => one.destroy());
  }).listen(socket);
}

export async function measureLimit({ directory, drive, serve, seconds }: Place, rounds: number): Promise<Report> {
  const socket = join(directory, "nothing.sock");
  const script = `(await import(${JSON.stringify(import.meta.url)})).${answerAnything.name}(${JSON.stringify(socket)})`;
  const command = { argv: [process.execPath, "--input-type=module", "-e", script], cwd: directory, env: {} };
  const { serving } = await serve(command, () => dialed({ path: socket }));
  const samples = { new: [] as Driven[], kept: [] as Driven[] };
  try {
    for (let round = 0; round < rounds; round += 1)
      for (const kind of ["new", "kept"] as const) {
        const load = { rate: 0, kind, connections: kind === "new" ? 32 : 4, seconds };
        samples[kind].push(await drive(socket, load, [requestText("app.localhost", "/")], []));
      }
  } finally {
    await serving.stop();
  }
  say("load: done");
  const row = (what: string, list: readonly Driven[]) => [
    what,
    spread(summarize(list.map(({ good, seconds }) => good / seconds))),
    spread(summarize(list.map(({ own, good }) => (own / good) * 1000)), 4),
  ];
  return {
    name: "runtime, what the load itself can do",
    columns: ["", "requests/s", "its own CPU-seconds for 1000 requests"],
    rows: [row("32 connections, one for each request", samples.new), row("4 connections kept", samples.kept)],
    notes: [`Against a server of Node that answers everything with the same bytes, ${rounds} rounds of ${seconds} s.`],
    samples,
  };
}
