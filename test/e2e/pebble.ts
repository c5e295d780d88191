/**
 * An ACME authority on the loopback: Debian's pebble, which asks for proofs on given ports, and its DNS server, for which
 * every name is 127.0.0.1.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { get } from "node:https";
import type { AcmeSettings } from "#core/plugin.ts";
import { exec } from "#sys/exec.ts";

const programs = ["/usr/bin/pebble", "/usr/bin/pebble-challtestsrv", "/usr/bin/openssl"];

/** For `skip`. */
export function withoutPebble(): string | false {
  const missing = programs.filter((path) => !existsSync(path));
  return missing.length > 0 && `${missing.join(", ")} not there: apt-get install pebble openssl`;
}

export type Pebble = {
  readonly acme: AcmeSettings;
  /** The root of the certificates that it gives, in PEM; another one at each start. */
  root(): Promise<string>;
  stop(): Promise<void>;
};

type Wanted = {
  /** An empty directory. */
  readonly dir: string;
  /** Its own three, and those at which who asks for a certificate proves that a name is his. */
  readonly ports: { readonly api: number; readonly management: number; readonly dns: number };
  readonly http: number;
  readonly https: number;
  /** A name for which it gives none. */
  readonly refused: string;
};

export async function startPebble({ dir, ports, http, https, refused }: Wanted): Promise<Pebble> {
  const [key, certificate, file] = [join(dir, "pebble.key"), join(dir, "pebble.pem"), join(dir, "pebble.json")];
  const options = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=pebble";
  const made = await exec(
    `openssl req -x509 ${options} -addext subjectAltName=IP:127.0.0.1 -keyout`
      .split(" ")
      .concat(key, "-out", certificate),
    { env: { PATH: process.env["PATH"] ?? "" } },
  );
  if (made.exitCode !== 0) throw new Error(made.stderr);
  writeFileSync(
    file,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${ports.api}`,
        managementListenAddress: `127.0.0.1:${ports.management}`,
        certificate,
        privateKey: key,
        httpPort: http,
        tlsPort: https,
        domainBlocklist: [refused],
      },
    }),
  );
  const children = [
    start(
      [
        "/usr/bin/pebble-challtestsrv",
        "-defaultIPv4",
        "127.0.0.1",
        "-defaultIPv6",
        "",
        "-dns01",
        `127.0.0.1:${ports.dns}`,
      ].concat(["-http01", "", "-https01", "", "-tlsalpn01", "", "-management", ""]),
    ),
    start(["/usr/bin/pebble", "-config", file, "-dnsserver", `127.0.0.1:${ports.dns}`]),
  ];
  return {
    acme: { email: "ada@example.org", directory: `https://127.0.0.1:${ports.api}/dir`, root: certificate },
    root: () => fetchPem(`https://127.0.0.1:${ports.management}/roots/0`, readFileSync(certificate, "utf8")),
    async stop() {
      for (const child of children) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    },
  };
}

function start([program = "", ...args]: readonly string[]): ChildProcess {
  // Its waits and its refusals of every twentieth nonce would make a test slow, and another one each time.
  return spawn(program, args, { stdio: "ignore", env: { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0" } });
}

function fetchPem(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve(body));
    }).on("error", reject);
  });
}
