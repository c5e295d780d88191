/** From the death of a web process to the first answer of the one that comes after it, through the edge. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deployLive } from "../../test/e2e/apps.ts";
import { fetchThroughEdge } from "../../test/e2e/http-through-edge.ts";
import type { RunningPlatform } from "../../test/e2e/platform.ts";
import { bootByHand } from "../by-hand.ts";
import type { Report } from "../report.ts";
import { say } from "../report.ts";
import { untilDone } from "./serving.ts";

/** An app that is up soon: what is measured is what is done around it. */
const program = `
import http.server, os, socketserver

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return "edge"
    def log_message(self, *args):
        pass

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

Server(os.environ["HOP3_SOCKET"], Answer).serve_forever()
`;

/** The platform's supervisor starts again without a wait (control/at-once.ts). */
export async function measureCrashes(platform: RunningPlatform, directory: string, times: number): Promise<Report> {
  const source = join(directory, "quick");
  mkdirSync(source);
  writeFileSync(join(source, "Procfile"), "web: rm -f $HOP3_SOCKET; exec python3 quick.py\n");
  writeFileSync(join(source, "quick.py"), program);
  await deployLive(platform, source, "quick");
  const target = platform.edge("quick");
  const ask = async () => {
    const { status, body } = await fetchThroughEdge(target, "/");
    if (status !== 200) throw new Error(`the app answers with ${status}`);
    return body;
  };
  const samples: number[] = [];
  const boots: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const before = await untilDone(ask);
    process.kill(Number(before), "SIGKILL");
    const began = performance.now();
    await untilDone(async () => {
      if ((await ask()) === before) throw new Error("the dead one answers");
    });
    samples.push(performance.now() - began);
    if (time % 10 === 0) boots.push(await bootByHand(platform, "quick", 1));
  }
  say(`crashes: ${times} done`);
  return {
    name: "runtime, crash to restarted",
    columns: ["", "p50, ms", "p99, ms", "max, ms"],
    rows: [
      row("death to the first answer through the edge", samples),
      row("the same command by hand, start to first answer", boots),
    ],
    notes: [
      `${times} times KILL to a web process of Python's own server, whose first wait (10 s, doubled by each crash) was set to 0. By hand: ${boots.length} times in between.`,
      "In: the end noticed and written down, launcher and pumps, the start of the program, readiness, the slot file, Caddy. A look every millisecond.",
    ],
    samples: { samples, boots },
  };
}

function row(what: string, values: readonly number[]): string[] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0);
  return [what, at(0.5), at(0.99), at(1)];
}
