/** One request to an app the way a user's request goes: through the edge. */
import { AppError } from "#core/errors.ts";
import { defaultDomain, urlOf } from "./app-address.ts";
import { requireApp } from "./require-app.ts";
import { httpProbe } from "./http-probe.ts";
import { liveArtifact } from "./live-artifact.ts";
import { isServed } from "./served.ts";
import type { Platform } from "./platform.ts";

const timeoutMs = 10_000;

/** Throws NO_RELEASE, CONFLICT (it serves nothing), UNREACHABLE (the edge does not answer), TIMEOUT. */
export async function pingApp(
  platform: Platform,
  app: string,
  signal: AbortSignal,
): Promise<{ url: string; status: number; ms: number }> {
  const { liveRelease } = await requireApp(platform, app);
  if (liveRelease === null) throw new AppError("NO_RELEASE", `${app} has no release to ping yet.`);
  const artifact = await liveArtifact(platform, app);
  if (artifact !== undefined && !isServed(artifact)) {
    throw new AppError("CONFLICT", `${app} has nothing to ping: no web process and no static files.`, {
      hint: `\`hop3 ps --app ${app}\` shows what it runs.`,
    });
  }
  const host = defaultDomain(app, platform.baseDomain);
  const address = `127.0.0.1:${platform.edge.httpPort}`;
  const { status, ms } = await httpProbe({ address, host, method: "GET", path: "/", timeoutMs }, signal);
  return { url: urlOf(host, platform.edge), status, ms: Math.round(ms * 10) / 10 };
}
