/** The real CLI and the real HTTP server over real users in SQLite; the apps behind it are the platform in memory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { apiPrefix } from "#core/api/prefix.ts";
import { authenticate } from "#identity/authenticate.ts";
import { testIdentity } from "#identity/testing.ts";
import { serve } from "#server/serve.ts";
import { memoryPlatform, memoryServerOptions } from "#server/testing.ts";
import { createApp } from "#store/apps.ts";
import { appendEvent } from "#store/events.ts";
import { openStore } from "#store/open.ts";
import { createToken } from "#store/tokens.ts";
import { createUser } from "#store/users.ts";
import { exec } from "#sys/exec.ts";
import { systemClock } from "#sys/clock.ts";
import { identityUseCases } from "#cmd/wire/identity-use-cases.ts";
import { hop3, type Envelope, type Ran, type RunOptions } from "../cli/command-line.ts";

export type Answer = { readonly status: number; readonly body: Record<string, unknown>; readonly text: string };

/** The admin `boss` has a token and is who runs commands, unless the environment says otherwise. */
export async function people(context: TestContext) {
  const home = mkdtempSync(join(tmpdir(), "hop3-people-"));
  const store = await openStore({ file: join(home, "hop3.db"), clock: systemClock });
  const identity = testIdentity(store);
  await createUser(store, "boss", "admin");
  await createApp(store, "blog");
  const { secret: boss } = await createToken(store, { user: "boss", name: "first login" });
  const platform = memoryPlatform();
  platform.apps.set("blog", { env: {}, domains: [], scale: 1, stopped: false, release: 1 });
  const options = memoryServerOptions(platform);
  const serving = await serve({
    ...options,
    useCases: { ...platform.useCases, ...identityUseCases(identity) },
    authenticate: (authorization, address) => authenticate(store, authorization, address),
    audit: (entry) => appendEvent(store, entry),
    host: "127.0.0.1",
    port: 0,
  });
  context.after(async () => {
    await serving.close(0);
    await store.close();
    rmSync(home, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${serving.port}`;
  /** A person who has never logged in anywhere. */
  const bare = { PATH: process.env["PATH"] ?? "", HOME: home, LANG: "C.UTF-8", TZ: "UTC" };
  const run = async (line: readonly string[], { cwd = home, env, input }: RunOptions = {}): Promise<Ran> => {
    const result = await exec([process.execPath, hop3, ...line], {
      cwd,
      env: env ?? { ...bare, HOP3_API_URL: url, HOP3_API_TOKEN: boss },
      timeoutMs: 20_000,
      ...(input === undefined ? {} : { input }),
    });
    return { ...result, envelope: () => JSON.parse(result.stdout) as Envelope };
  };
  const ask = async (method: string, path: string, secret?: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(`${url}${apiPrefix}${path}`, {
      method,
      headers: {
        ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, body: text.startsWith("{") ? (JSON.parse(text) as Answer["body"]) : {} };
  };
  return { store, identity, boss, home, url, bare, run, ask, options };
}
