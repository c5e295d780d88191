/** Joins the HTTP contract to the platform's use cases: one line a route. */
import { userInfo } from "node:os";
import { decodeDeployEnv } from "#core/api/deploy-env.ts";
import type { LogLine } from "#core/api/logs.ts";
import { listCron, listCronRuns, runCron, showCronRun } from "#paas/cron.ts";
import { exportAudit, verifyAudit } from "#paas/audit-chain.ts";
import { appEvents, followAppEvents, followOrgEvents, orgEvents, type Sight } from "#paas/events.ts";
import { createEmptyApp, listApps, showApp } from "#paas/apps.ts";
import { destroyApp } from "#paas/destroy.ts";
import { appDisk } from "#paas/disk/app-disk.ts";
import { requireApp } from "#paas/require-app.ts";
import { addDomain, appDomains, removeDomain } from "#paas/domains.ts";
import { beginDeploy } from "#paas/deploy/begin.ts";
import { cancelDeploy } from "#paas/deploy/cancel.ts";
import { followDeploy } from "#paas/deploy/follow.ts";
import { planDeploy } from "#paas/deploy/plan.ts";
import { listDeploys, showDeploy } from "#paas/deploy/summary.ts";
import { appEnv, changeEnv } from "#paas/env.ts";
import { reloadApp, resetRestarts, restartApp, startApp, stopApp } from "#paas/lifecycle.ts";
import { followLogs } from "#paas/follow-logs.ts";
import { followBuildLogs, readBuildLogs, readLogs, systemLogs } from "#paas/logs.ts";
import { setPushBranch, showPush } from "#paas/git/push-settings.ts";
import type { GitHost } from "#paas/git/git-host.ts";
import { listInstances } from "#paas/instances.ts";
import { createMetricsPage } from "#paas/metrics-page.ts";
import { pingApp } from "#paas/ping.ts";
import type { Platform } from "#paas/platform.ts";
import { listProcesses, scaleProcesses } from "#paas/processes.ts";
import { checked } from "#paas/pull/pull-archive.ts";
import type { Pulling } from "#paas/pull/pulling.ts";
import { beginRollback, diffReleases, listReleases, showRelease } from "#paas/releases.ts";
import { createSession, joinSession } from "#paas/sessions.ts";
import { systemStatus } from "#paas/system-status.ts";
import { systemInfo } from "#paas/system.ts";
import { can } from "#identity/can.ts";
import { addKey, keysOf, removeKey } from "#identity/keys.ts";
import { appResource, type Principal } from "#identity/principal.ts";
import { whoIs } from "#identity/who-is.ts";
import { orgOfApp, orgsOfApps } from "#store/apps.ts";
import type { UseCases } from "#server/use-cases.ts";
import type { Oidc } from "./oidc.ts";
import { ssoUseCases } from "./sso-use-cases.ts";
import { identityOf, identityUseCases } from "./identity-use-cases.ts";
import { sourceUseCases } from "./source-use-cases.ts";

export function platformUseCases(platform: Platform, git: GitHost, oidc: Oidc | undefined, pulling: Pulling): UseCases {
  const metricsPage = createMetricsPage(platform);
  const identity = identityOf(platform);
  /** Which apps somebody may see, as of now. */
  const seenBy = async (principal: Principal): Promise<(app: string) => boolean> => {
    const orgs = await orgsOfApps(platform.store);
    return (app) => can(principal, "app.show", appResource(app, orgs.get(app)));
  };
  const sightOf = async (principal: Principal, app: string): Promise<Sight> => {
    const resource = appResource(app, await orgOfApp(platform.store, app));
    return { name: principal.name, all: can(principal, "audit.read", resource) };
  };
  return {
    listApps: async ({ principal, query }) => {
      const { items, next } = await listApps(platform, await seenBy(principal), query);
      return { apps: items, next };
    },
    showApp: ({ params }) => showApp(platform, params.app),
    createApp: async ({ params, actor }) => ({
      app: params.app,
      ...(await createEmptyApp(platform, params.app, actor)),
    }),
    destroyApp: async ({ params, query, actor }) => ({
      app: params.app,
      removed: await destroyApp(platform, params.app, query.confirm, actor),
    }),
    startApp: ({ params, actor }) => startApp(platform, params.app, actor),
    stopApp: ({ params, actor }) => stopApp(platform, params.app, actor),
    restartApp: ({ params, actor }) => restartApp(platform, params.app, actor),
    reloadApp: ({ params, actor }) => reloadApp(platform, params.app, actor),
    resetRestarts: ({ params, actor }) => resetRestarts(platform, params.app, actor),
    pingApp: async ({ params, signal }) => ({ app: params.app, ...(await pingApp(platform, params.app, signal)) }),

    appDisk: ({ params, query }) => appDisk(platform, params.app, query.fresh),

    createDeploy: async ({ params, query, headers, body, actor, signal }) => ({
      app: params.app,
      ...(await beginDeploy(platform, {
        app: params.app,
        create: query.create,
        replace: query.replace,
        archive: checked(body, query.sha256),
        packed: query.packed,
        env: decodeDeployEnv(headers["hop3-env"]),
        by: actor,
        signal,
      })),
    }),
    listDeploys: async ({ params, query }) => {
      const { items, next } = await listDeploys(platform, params.app, query);
      return { app: params.app, deploys: items, next };
    },
    cancelDeploy: ({ params, actor }) => cancelDeploy(platform, params.app, params.deploy, actor),
    showDeploy: ({ params }) => showDeploy(platform, params.app, params.deploy),
    followDeploy: ({ params, headers, signal }) =>
      followDeploy(platform, params.app, params.deploy, headers["last-event-id"] ?? 0, signal),
    planDeploy: ({ params, query, body, signal }) =>
      planDeploy(platform, params.app, checked(body, query.sha256), query.packed, signal),
    ...sourceUseCases(platform, pulling),

    listReleases: async ({ params, query }) => {
      const { items, next } = await listReleases(platform, params.app, query);
      return { app: params.app, releases: items, next };
    },
    showRelease: ({ params }) => showRelease(platform, params.app, params.release),
    diffReleases: ({ params }) => diffReleases(platform, params.app, params.release, params.to),
    rollback: async ({ params, body, actor }) => ({
      app: params.app,
      ...(await beginRollback(platform, params.app, body.release, actor)),
    }),

    listEnv: async ({ params }) => ({
      app: params.app,
      variables: (await appEnv(platform, params.app)).map(({ name, source, updatedAt }) => ({
        name,
        source,
        updatedAt,
      })),
    }),
    readEnv: async ({ params }) => ({ app: params.app, variables: await appEnv(platform, params.app) }),
    changeEnv: async ({ params, body, actor }) => ({
      app: params.app,
      ...(await changeEnv(platform, params.app, body, actor)),
    }),

    listDomains: async ({ params }) => {
      await requireApp(platform, params.app);
      return { app: params.app, domains: await appDomains(platform, params.app) };
    },
    addDomain: async ({ params, body, actor }) => ({
      app: params.app,
      domains: await addDomain(platform, params.app, body.domain, actor),
    }),
    removeDomain: async ({ params, actor }) => ({
      app: params.app,
      domains: await removeDomain(platform, params.app, params.domain, actor),
    }),

    listProcesses: async ({ params }) => ({ app: params.app, processes: await listProcesses(platform, params.app) }),
    scaleProcesses: async ({ params, body, actor }) => ({
      app: params.app,
      processes: await scaleProcesses(platform, params.app, body.scale, actor),
    }),

    listAppEvents: async ({ params, query, principal }) => ({
      app: params.app,
      events: await appEvents(platform, params.app, query, await sightOf(principal, params.app)),
    }),
    followAppEvents: async function* ({ params, query, headers, principal, signal }) {
      const sight = await sightOf(principal, params.app);
      yield* followAppEvents(platform, params.app, query, sight, headers["last-event-id"], signal);
    },
    listEvents: async ({ query, principal }) => ({ events: await orgEvents(platform, principal.org, query) }),
    followEvents: ({ query, headers, principal, signal }) =>
      followOrgEvents(platform, principal.org, query, headers["last-event-id"], signal),
    verifyAudit: ({ query }) => verifyAudit(platform, query.head),
    exportAudit: ({ query }) => exportAudit(platform, query),
    listInstances: async ({ principal }) => {
      const isSeen = await seenBy(principal);
      const all = await listInstances(platform);
      return { ...all, instances: all.instances.filter(({ app }) => isSeen(app)) };
    },
    metricsPage: () => metricsPage(),

    listCron: async ({ params }) => ({ app: params.app, jobs: await listCron(platform, params.app) }),
    listCronRuns: async ({ params }) => ({
      ...params,
      runs: await listCronRuns(platform, params.app, params.job),
    }),
    showCronRun: async ({ params }) => ({
      app: params.app,
      ...(await showCronRun(platform, params.app, params.job, params.run)),
    }),
    runCron: ({ params, actor, signal }) => runCron(platform, params.app, params.job, actor, signal),

    createSession: async ({ params, body, actor }) => ({
      app: params.app,
      ...(await createSession(platform, params.app, body, actor)),
    }),
    joinSession: ({ params, actor }) => joinSession(platform, params.app, params.session, actor),

    showPush: ({ params }) => showPush(platform, params.app),
    setPushBranch: ({ params, body, actor }) => setPushBranch(platform, git, params.app, body.branch, actor),
    showGitAccess: async () => ({
      user: userInfo().username,
      arranged: platform.mode === "system",
      keysFile: platform.layout.authorizedKeys,
    }),
    listKeys: async ({ principal }) => ({ keys: await keysOf(platform.store, principal) }),
    addKey: async ({ principal, actor, body }) => {
      const { key, name } = body;
      const added = await addKey(platform.store, { principal, actor }, { key, name });
      await git.keysChanged();
      return added;
    },
    removeKey: async ({ principal, actor, params }) => {
      await removeKey(platform.store, { principal, actor }, params.fingerprint);
      await git.keysChanged();
      return { removed: params.fingerprint };
    },

    readLogs: async ({ params, query, signal }) => ({
      app: params.app,
      lines: await readLogs(platform, params.app, query, signal),
    }),
    followLogs: ({ params, query, headers, signal }) =>
      followLogs(platform, params.app, query, headers["last-event-id"], signal),
    readBuildLogs: async ({ params, query }) => ({
      app: params.app,
      lines: await readBuildLogs(platform, params.app, query.lines, query.deploy),
    }),
    followBuildLogs: ({ params, query, signal }) =>
      asLines(followBuildLogs(platform, params.app, query.lines, query.deploy, signal)),

    systemInfo: () => systemInfo(platform),
    systemStatus: async () => systemStatus(platform, oidc === undefined ? [] : [await oidc.check()]),
    systemLogs: async ({ query }) => ({
      service: query.service,
      lines: await systemLogs(platform, query.service, query.lines),
    }),
    version: async () => ({ name: "hop3", version: platform.version, api: "v1" }),
    whoami: async ({ principal }) => whoIs(principal),
    ...ssoUseCases(identity, oidc),
    ...identityUseCases(identity),
  };
}

async function* asLines(lines: AsyncIterable<LogLine>): AsyncGenerator<{ event: "line"; data: LogLine }> {
  for await (const data of lines) yield { event: "line", data };
}
