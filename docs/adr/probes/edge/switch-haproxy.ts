// (c) HAProxy's runtime socket: servers are added and disabled in a backend that exists beforehand.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { type Address, dialOf } from "./address.ts";
import { MOVED, OTHER } from "./load.ts";
import { freePort, pidOf, stopChild, untilAnswers } from "./processes.ts";
import type { Setup, Switcher } from "./switcher.ts";

// Dynamic servers take nothing from default-server, so it is said each time.
const SERVER_OPTIONS = "pool-purge-delay 1s";

function spell(address: Address): string {
  return address.kind === "unix" ? `unix@${address.path}` : dialOf(address);
}

async function command(socketPath: string, text: string): Promise<string> {
  const socket = connect(socketPath);
  let answer = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => (answer += chunk));
  socket.end(`${text}\n`);
  await once(socket, "close");
  return answer.trim();
}

export async function switchByHaproxy(name: string, setup: Setup): Promise<Switcher> {
  const port = await freePort();
  const admin = `${setup.dir}/haproxy.sock`;
  writeFileSync(
    `${setup.dir}/haproxy.cfg`,
    `global
  stats socket ${admin} mode 600 level admin
  stats timeout 1h
  nbthread 2
  maxconn 2000
defaults
  mode http
  retries 0
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend edge
  bind 127.0.0.1:${port}
  use_backend moved if { hdr(host) -i ${MOVED} }
  use_backend other if { hdr(host) -i ${OTHER} }
backend moved
  balance roundrobin
  server s0 ${spell(setup.first)} ${SERVER_OPTIONS}
backend other
  server s0 ${spell(setup.other)} ${SERVER_OPTIONS}
`,
  );
  const child = spawn(setup.binary, ["-f", `${setup.dir}/haproxy.cfg`, "-db"], { stdio: "ignore" });
  await untilAnswers(port, MOVED);
  await untilAnswers(port, OTHER);

  const servers = new Map<string, string>([[spell(setup.first), "s0"]]); // address -> server in use
  let next = 1;
  const say = async (text: string, expect: RegExp): Promise<void> => {
    const answer = await command(admin, text);
    if (!expect.test(answer)) throw new Error(`${text}: ${answer}`);
  };
  return {
    name,
    pid: pidOf(child),
    port,
    async moveTo(live) {
      const wanted = new Set(live.map(spell));
      for (const address of wanted) {
        if (servers.has(address)) continue;
        const server = `s${next++}`;
        await say(`add server moved/${server} ${address} ${SERVER_OPTIONS}`, /New server registered/);
        await say(`enable server moved/${server}`, /^$/);
        servers.set(address, server);
      }
      for (const [address, server] of servers) {
        if (wanted.has(address)) continue;
        await say(`disable server moved/${server}`, /^$/);
        servers.delete(address);
      }
    },
    fence: () => say("show info typed", /Name/),
    stop: () => stopChild(child),
  };
}
