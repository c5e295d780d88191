/** The control plane as a process: API, deploys, and what its predecessor left half done. Ends the process. */
import { mkdirSync } from "node:fs";
import { authenticate, reloadPrincipal } from "#identity/authenticate.ts";
import { authorize } from "#identity/can.ts";
import { orgOfApp } from "#store/apps.ts";
import { authenticateKey } from "#identity/keys.ts";
import { collectDaily } from "#paas/disk/collect-daily.ts";
import { watchRoom } from "#paas/disk/watch-room.ts";
import { finishDestroys } from "#paas/destroy.ts";
import { watchApps } from "#paas/watch-apps.ts";
import { recoverDeploys } from "#paas/deploy/recover.ts";
import { createGitHost } from "#paas/git/git-host.ts";
import { packDaily } from "#paas/git/pack-daily.ts";
import { settleRepositories, tidyRepositories } from "#paas/git/settle.ts";
import { untilEdgeInSync } from "#paas/edge.ts";
import { endLostSessions } from "#paas/sessions.ts";
import { dropRenewals } from "#paas/renew.ts";
import { receiveLimits } from "#paas/deploy/receive.ts";
import { requestAudit } from "#server/audit.ts";
import { serveGitSocket } from "#server/git/socket.ts";
import { serve, type ServeOptions } from "#server/serve.ts";
import { beginAnswer, forgetAnswer, keepAnswer } from "#store/answers.ts";
import { appendEvent } from "#store/events.ts";
import { markName } from "#supervisor/proc-tree.ts";
import { toAppError } from "#core/errors.ts";
import { openLog } from "#sys/log.ts";
import { pinnedTools } from "#sys/tools.ts";
import { makeOidc } from "#cmd/wire/oidc.ts";
import { gitOptions, gitPlace } from "#cmd/wire/git.ts";
import { makePlatform, type PlatformInput } from "#cmd/wire/platform.ts";
import { readServerSettings, toolEnvironment, type ServerSettings } from "#cmd/wire/settings.ts";
import { makePulling } from "#cmd/wire/source-use-cases.ts";
import { platformUseCases } from "#cmd/wire/use-cases.ts";
import { version } from "#cmd/wire/version.ts";

/** Milliseconds for requests under way when we are asked to stop. */
const closeGrace = 3000;

/**
 * For tests: `fault` of what must hold when this process dies, `drainSeconds` of how a drain ends, `clock` of what a clock
 * that jumps does (platform.ts).
 */
export type ForTests = Pick<PlatformInput, "fault" | "drainSeconds" | "clock">;

/** In user mode its directory is ours, in system mode the supervisor's making. */
function edgeAddress({ adminDomain, layout, mode }: ServerSettings): Pick<ServeOptions, "adminDomain" | "edgeSocket"> {
  if (adminDomain === undefined) return {};
  if (mode === "user") mkdirSync(layout.apiSockets, { recursive: true, mode: 0o700 });
  return { adminDomain, edgeSocket: layout.apiSocket };
}

export async function runHop3d(forTests: ForTests = {}): Promise<void> {
  const log = openLog({ name: "hop3d", stream: process.stdout });
  const stopping = new AbortController();
  process.umask(0o077);
  try {
    const settings = readServerSettings(process.env, process.getuid?.() ?? 0);
    // The edge, another user then, reads what is in directories of its group.
    if (settings.mode === "system") process.umask(0o027);
    const platform = await makePlatform({
      settings,
      tools: pinnedTools(),
      // With our mark the supervisor finds, when we were killed, what we had started.
      toolEnv: { ...toolEnvironment(process.env), [markName]: process.env[markName] ?? "" },
      version,
      log,
      stopping: stopping.signal,
      // The start of the server has made it: one that is gone since must come back, not be begun anew.
      mayCreate: false,
      ...forTests,
    });
    // Before requests are taken: a deploy that is begun now is not one that was left half done.
    const recovery = await recoverDeploys(platform);
    const destroys = await finishDestroys(platform);
    const renewals = await dropRenewals(platform);
    const sessions = endLostSessions(platform);
    const place = gitPlace(platform, process.env);
    const pulling = makePulling(settings.sourceNetworks, place, process.env);
    await tidyRepositories(platform);
    const git = createGitHost(platform, place);
    const serving = await serve({
      host: "127.0.0.1",
      port: settings.apiPort,
      useCases: platformUseCases(platform, git, makeOidc(settings.oidc), pulling),
      authenticate: (authorization, address) => authenticate(platform.store, authorization, address),
      reloadPrincipal: (principal) => reloadPrincipal(platform.store, principal),
      authorize,
      orgOfApp: (app) => orgOfApp(platform.store, app),
      git: gitOptions(platform, git),
      log,
      audit: (entry) => appendEvent(platform.store, entry),
      tarMax: receiveLimits.bytes,
      rate: settings.apiRate,
      answers: {
        begin: (at, of) => beginAnswer(platform.store, at, of, platform.masterKey),
        keep: (at, of) => keepAnswer(platform.store, at, of, platform.masterKey),
        forget: (at) => forgetAnswer(platform.store, at),
      },
      ...edgeAddress(settings),
    });
    await git.keysChanged();
    await serveGitSocket({
      ...gitOptions(platform, git),
      path: settings.layout.gitSocket,
      authenticateKey: (fingerprint, address) => authenticateKey(platform.store, fingerprint, address),
      audit: requestAudit(
        (entry) => appendEvent(platform.store, entry),
        () => performance.now(),
        log,
        stopping.signal,
      ),
      log,
      closing: stopping.signal,
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
    void watchRoom(platform);
    void watchApps(platform);
    await Promise.all([recovery.done, destroys.done, renewals.done, sessions.done]);
    await settleRepositories(platform, place);
    await untilEdgeInSync(platform);
    void packDaily(platform, place, Math.random);
    void collectDaily(platform, Math.random);
  } catch (thrown) {
    const error = toAppError(thrown);
    log.error(error.message, { code: error.code, error });
    process.exit(1);
  }
}
