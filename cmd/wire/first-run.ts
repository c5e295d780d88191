/** After the processes are up: waits for the API, deploys the example when there is no app, and says what to type next. */
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AppSummary } from "#core/api/apps.ts";
import { AppError } from "#core/errors.ts";
import { httpProbe } from "#paas/http-probe.ts";
import { systemClock } from "#sys/clock.ts";
import { exec } from "#sys/exec.ts";
import { appsBack } from "#cmd/wire/apps-back.ts";
import { localServer, saveLocalContext } from "#cmd/wire/local-context.ts";
import { toolEnvironment, type ServerSettings } from "#cmd/wire/settings.ts";

const checkout = dirname(fileURLToPath(new URL("../../package.json", import.meta.url)));

/** Milliseconds for the API to come up, and for the apps of an earlier start, all together, to answer again. */
const apiPatience = 60_000;
const appPatience = 30_000;

export type FirstRun = {
  readonly settings: ServerSettings;
  readonly token: string;
  readonly say: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the person stops it, or the supervisor has ended. */
  readonly signal: AbortSignal;
};

/** Returns quietly when it was aborted. Throws TIMEOUT when the API does not come up. */
export async function firstRun(run: FirstRun): Promise<void> {
  try {
    await showRunning(run);
  } catch (error) {
    if (!run.signal.aborted) throw error;
  }
}

async function showRunning({ settings, token, say, env, signal }: FirstRun): Promise<void> {
  const api = `http://127.0.0.1:${settings.apiPort}`;
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${api}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` }, signal });
    return response.json();
  };
  await until("The API", apiPatience, signal, async () => (await fetch(`${api}/api/v1/version`, { signal })).ok);
  const context = await saveLocalContext(env, homedir(), api, token);
  say(
    context === undefined
      ? "No token was saved: the home directory cannot be written."
      : `Your token is in ${context}.`,
  );

  const listed = async () => ((await ask("/apps")) as { apps: AppSummary[] }).apps;
  if ((await listed()).length === 0) {
    say("No app yet: deploying examples/guestbook...");
    await deployExample({ settings, token, say, env, signal });
  }
  const apps = await listed();
  const askApp = (url: string) =>
    httpProbe(
      {
        address: `127.0.0.1:${settings.httpPort}`,
        host: new URL(url).hostname,
        method: "GET",
        path: "/",
        timeoutMs: 5000,
      },
      signal,
    );
  let first: { name: string; url: string } | undefined;
  let seen = 0;
  for await (const { line, url } of appsBack(apps, askApp, systemClock.now() + appPatience, signal)) {
    say(`  ${line}`);
    const name = apps[seen++]?.app;
    if (url !== undefined && name !== undefined) first ??= { name, url };
  }
  say(`ready: ${first?.url ?? "no app answers"}`);
  say(`  API  ${api}`);
  say("");
  say("Next, in another terminal:");
  say(`  export PATH="${join(checkout, "bin")}:$PATH"`);
  say("  hop3 apps");
  say(`  hop3 deploy ${join(checkout, "examples/chat")}`);
  if (first !== undefined) say(`  hop3 app logs --app ${first.name} -f`);
  say("Ctrl-C stops everything; `npm start` brings it all back.");
}

/** Through the CLI, as the person will do it next. */
async function deployExample({ settings, token, say, env, signal }: FirstRun): Promise<void> {
  const result = await exec(
    [process.execPath, join(checkout, "cmd/hop3.ts"), "deploy", join(checkout, "examples/guestbook"), "--yes"],
    {
      env: {
        ...toolEnvironment(env),
        HOP3_API_URL: `http://127.0.0.1:${settings.apiPort}`,
        HOP3_API_TOKEN: token,
        HOP3_SERVER: localServer,
      },
      onLine: (line) => say(`  ${line}`),
      signal,
    },
  );
  if (result.exitCode !== 0)
    say("The example could not be deployed; the lines above say why. The server itself is up.");
}

async function until(
  what: string,
  patience: number,
  signal: AbortSignal,
  condition: () => Promise<boolean>,
): Promise<void> {
  const deadline = systemClock.now() + patience;
  while (!(await condition().catch(() => false))) {
    signal.throwIfAborted();
    if (systemClock.now() > deadline)
      throw new AppError("TIMEOUT", `${what} did not answer within ${patience / 1000} s.`);
    await systemClock.sleep(50, signal);
  }
}
