/** The control plane: API, deploys. It never runs an app's code, and may die at any time without an app noticing. */
import { authenticate } from "#identity/authenticate.ts";
import { can } from "#identity/can.ts";
import { recoverDeploys } from "#paas/deploy/recover.ts";
import { syncEdge } from "#paas/edge.ts";
import { receiveLimits } from "#paas/deploy/receive.ts";
import { serve } from "#server/serve.ts";
import { toAppError } from "#core/errors.ts";
import { openLog } from "#sys/log.ts";
import { pinnedTools } from "#sys/tools.ts";
import { makePlatform } from "#cmd/wire/platform.ts";
import { readServerSettings, toolEnvironment } from "#cmd/wire/settings.ts";
import { platformUseCases } from "#cmd/wire/use-cases.ts";
import { version } from "#cmd/wire/version.ts";

/** Milliseconds for requests under way when we are asked to stop. */
const closeGrace = 3000;

const log = openLog({ name: "hop3d", stream: process.stdout });
const stopping = new AbortController();
process.umask(0o077);

try {
  const settings = readServerSettings(process.env, process.getuid?.() ?? 0);
  const toolEnv = toolEnvironment(process.env);
  const platform = await makePlatform({
    settings,
    tools: pinnedTools(),
    toolEnv,
    version,
    log,
    stopping: stopping.signal,
  });
  const serving = await serve({
    host: "127.0.0.1",
    port: settings.apiPort,
    useCases: platformUseCases(platform),
    authenticate: (authorization) => authenticate(platform.store, authorization),
    can,
    log,
    tarMax: receiveLimits.bytes,
  });
  log.info("serves", { port: serving.port, root: settings.layout.root });
  const stop = async () => {
    stopping.abort();
    await serving.close(closeGrace);
    await platform.queue.idle();
    await platform.store.close();
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
  process.once("SIGINT", () => void stop());
  await recoverDeploys(platform);
  await syncEdge(platform);
} catch (thrown) {
  const error = toAppError(thrown);
  log.error(error.message, { code: error.code, error });
  process.exit(1);
}
