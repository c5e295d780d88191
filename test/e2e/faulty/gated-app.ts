/** An app that says its version, and that halts in its build, release command, start, health answer and slow request. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFaultsDirectory } from "./points.ts";

type Gated = {
  readonly listens?: "unix" | "tcp";
  /** Seconds; none unless said: who still runs after a deploy is asked of most of them. */
  readonly keepWarm?: number;
};

/**
 * Writes the app into a new directory below `base` and returns that. Its points: app:build, app:release and so on. It answers
 * its version, and after it the variable SHADE when there is one.
 */
export function gatedApp(base: string, version: string, { listens = "unix", keepWarm = 0 }: Gated = {}): string {
  const dir = join(base, "apps", version);
  const points = makeFaultsDirectory(base);
  mkdirSync(dir, { recursive: true });
  const files = {
    Procfile: [
      "build: sh gate.sh app:build",
      "release: sh gate.sh app:release",
      "web: sh gate.sh app:start && exec python3 serve.py",
      "",
    ].join("\n"),
    "hop3.toml": `[run]\nkeep-warm = ${keepWarm}\n[healthcheck]\npath = "/health"\n`,
    version,
    listens,
    "gate.sh": [
      `point=${points}/$1`,
      'mv "$point" "$point.reached" 2>/dev/null || exit 0',
      'while [ -e "$point.reached" ]; do sleep 0.02; done',
      "",
    ].join("\n"),
    "serve.py": server,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const server = `
import os, socketserver, subprocess
from http.server import BaseHTTPRequestHandler

version = open("version", "rb").read() + os.environ.get("SHADE", "").encode()
points = {"/health": "app:probe", "/slow": "app:drain"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path in points:
            subprocess.run(["sh", "gate.sh", points[self.path]])
        self.send_response(200)
        self.send_header("Content-Length", str(len(version)))
        self.end_headers()
        self.wfile.write(version)

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


class OnSocket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


class OnPort(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    request_queue_size = 128


if open("listens").read() == "tcp":
    OnPort(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
OnSocket(os.environ["HOP3_SOCKET"], Handler).serve_forever()
`;

/** A static site of the same kind. */
export function staticApp(base: string, version: string): string {
  const dir = join(base, "apps", `static-${version}`);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "index.html"), version);
  return dir;
}
