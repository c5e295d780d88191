/** `hop3 server start`: system mode in the foreground, for hosts without systemd and for trying it out. */
import { existsSync, readFileSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import { canListen } from "#sys/free-port.ts";
import { systemClock } from "#sys/clock.ts";
import { asHop3d } from "./as-hop3d.ts";
import { runForeground } from "./foreground.ts";
import { checkAcmeRoot } from "./https-settings.ts";
import { readOidcSecret } from "./oidc-settings.ts";
import { invokingPerson, logInPerson } from "./person.ts";
import { withServerFile } from "./server-env.ts";
import { readServerSettings, serverEnvironment, toolEnvironment, type ServerSettings } from "./settings.ts";
import { code, prepareSystem, serverCeilings } from "./system-mode.ts";
import { makeRunDir } from "#sys/run-dir.ts";

/** Milliseconds for the API to come up: a first start on a small machine compiles all of it. */
const apiPatience = 180_000;

/** The exit status. Throws DENIED for who is not root, UNAVAILABLE on a host that is not set up, CONFLICT for taken ports. */
export async function startServer(
  environment: Readonly<Record<string, string | undefined>>,
  say: (line: string) => void,
): Promise<number> {
  const env = withServerFile({ ...environment, HOP3_MODE: "system" });
  const settings = readServerSettings(env, 0);
  // The supervisor reads them for itself; here they are refused before anything is begun.
  serverCeilings(env);
  checkAcmeRoot(settings.https, settings.mode);
  if (settings.oidc !== undefined) readOidcSecret(settings.oidc);
  const ids = await prepareSystem(settings);
  makeRunDir(settings.layout.run, 0);
  return await runForeground({
    layout: settings.layout,
    say,
    again: "`sudo hop3 server start` brings every app back.",
    begin: async () => {
      await refuseTakenPorts(settings);
      const url = `http://127.0.0.1:${settings.apiPort}`;
      return {
        environment: { ...toolEnvironment(env), ...serverEnvironment(settings) },
        up: async (signal) => {
          await untilApi(url, signal);
          // It was stopped, or has ended by itself, which is told then.
          if (signal.aborted) return;
          const person = invokingPerson(environment);
          const said = await logInPerson(code, person, url, () =>
            asHop3d(code, settings, ids, "token", `${person.name} on this host`),
          );
          if (said !== undefined) say(said);
          say(`ready: system mode, apps at http://APP.${settings.baseDomain}, port ${settings.httpPort}`);
          say(`  API  ${url}`);
          say(`  ${httpsText(settings)}`);
          say("Ctrl-C stops everything.");
        },
      };
    },
  });
}

/** A server's ports are its address: no other is taken in their place. */
export async function refuseTakenPorts({ apiPort, httpPort, https }: ServerSettings): Promise<void> {
  await refuseTaken("HOP3_API_PORT", apiPort, "127.0.0.1");
  await refuseTaken("HOP3_HTTP_PORT", httpPort, "::");
  if (https !== undefined) await refuseTaken("HOP3_HTTPS_PORT", https.port, "::", " (`none`: HTTPS is not served)");
}

/**
 * For a server that runs: the edge listens on its ports already, but for one that is new to it. Taken by another, it would
 * keep the edge from every change. Throws CONFLICT.
 */
export async function refuseTakenNewPort({ https, layout }: ServerSettings): Promise<void> {
  if (https === undefined) return;
  const document = existsSync(layout.edgeDocument) ? readFileSync(layout.edgeDocument, "utf8") : "";
  if (!document.includes(`":${https.port}"`))
    await refuseTaken("HOP3_HTTPS_PORT", https.port, "::", " (`none`: HTTPS is not served)");
}

async function refuseTaken(name: string, port: number, host: string, more = ""): Promise<void> {
  if (await canListen(port, host)) return;
  throw new AppError("CONFLICT", `Port ${port} is taken.`, {
    hint: `Stop what listens there, or set ${name} in /etc/hop3/server.env${more}.`,
  });
}

/** What a person is told of HTTPS at a start. */
export function httpsText({ https }: ServerSettings): string {
  if (https === undefined) return "HTTPS is not served (HOP3_HTTPS_PORT).";
  const who =
    https.acme === undefined
      ? "the server's own authority, which no browser knows, until HOP3_ACME_EMAIL is set"
      : new URL(https.acme.directory).host;
  return `HTTPS on port ${https.port}, with certificates of ${who}.`;
}

/** Returns quietly when it was aborted. Throws TIMEOUT. */
export async function untilApi(url: string, signal: AbortSignal): Promise<void> {
  const deadline = systemClock.now() + apiPatience;
  for (;;) {
    const answered = await fetch(`${url}/api/v1/version`, { signal }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered || signal.aborted) return;
    if (systemClock.now() > deadline)
      throw new AppError("TIMEOUT", `The API did not answer within ${apiPatience / 1000} s.`, {
        hint: "`journalctl -u hop3` or HOP3_ROOT/log may tell why.",
      });
    await systemClock.sleep(100, signal).catch(() => undefined);
  }
}
