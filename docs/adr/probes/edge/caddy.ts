// Caddy with one route per app, and a server of its own, on a unix socket, whose answer is the content of a file:
// it proves what the running process has read by now, and is called the fence.
import { spawn } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
import { MOVED, OTHER } from "./load.ts";
import { fetchOnce, freePort, pause, pidOf, stopChild, untilAnswers } from "./processes.ts";

function server(listen: string, routes: readonly object[]): object {
  return { listen: [listen], protocols: ["h1"], automatic_https: { disable: true }, routes };
}

export interface RouteOptions {
  readonly dials: readonly string[];
  readonly keepAlive: object;
  readonly extra?: object; // more fields of the reverse_proxy handler
}

export function route(host: string, id: string, options: RouteOptions): object {
  return {
    match: [{ host: [host] }],
    handle: [
      {
        "@id": id,
        handler: "reverse_proxy",
        upstreams: options.dials.map((dial) => ({ dial })),
        load_balancing: { selection_policy: { policy: "round_robin" }, retries: 0 },
        transport: { protocol: "http", dial_timeout: "2s", keep_alive: options.keepAlive },
        ...options.extra,
      },
    ],
    terminal: true,
  };
}

/** rename(2) over the old file: a reader sees the old content or the new, never a part. */
export function replaceFile(path: string, content: string): void {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

export interface Caddy {
  readonly pid: number;
  readonly port: number;
  admin(method: string, path: string, body: unknown): Promise<void>;
  fence(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCaddy(
  binary: string,
  dir: string,
  moved: RouteOptions,
  other: RouteOptions,
  ready = true,
): Promise<Caddy> {
  const port = await freePort();
  const socketPath = `${dir}/admin.sock`;
  const fenceFile = `${dir}/fence`;
  replaceFile(fenceFile, "0");
  const fenceSocket = `${dir}/fence.sock`;
  const servers = {
    edge: server(`127.0.0.1:${port}`, [route(MOVED, "moved", moved), route(OTHER, "other", other)]),
    fence: server(`unix/${fenceSocket}|0600`, [
      { handle: [{ handler: "static_response", body: `{file.${fenceFile}}` }] },
    ]),
  };
  const document = {
    admin: { listen: `unix/${socketPath}`, origins: ["localhost"], config: { persist: false } },
    logging: { logs: { default: { level: "ERROR" } } },
    apps: { http: { servers } },
  };
  writeFileSync(`${dir}/caddy.json`, JSON.stringify(document));
  const child = spawn(binary, ["run", "--config", `${dir}/caddy.json`], {
    stdio: ["ignore", "ignore", process.env["EDGE_VERBOSE"] === "1" ? "inherit" : "ignore"],
    env: { ...process.env, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
  });
  const pid = pidOf(child);
  if (ready) for (const host of [MOVED, OTHER]) await untilAnswers(port, host);
  else await pause(500);

  let generation = 0;
  return {
    pid,
    port,
    async admin(method, path, body) {
      const headers = { "content-type": "application/json" };
      const send = { method, body: JSON.stringify(body), headers };
      const answer = await fetchOnce({ socketPath }, "localhost", path, send);
      if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    },
    async fence() {
      const mark = String((generation += 1));
      replaceFile(fenceFile, mark);
      for (;;) {
        // a change of the document may reset the fence's own connection: that is no answer, so ask again
        const answer = await fetchOnce({ socketPath: fenceSocket }, "fence", "/").catch(() => undefined);
        if (answer !== undefined && Number(answer.body) >= Number(mark)) return;
        await pause(5);
      }
    },
    stop: () => stopChild(child),
  };
}
