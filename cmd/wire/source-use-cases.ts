/** What the routes of src/core/api/sources.ts need done, and what fetching needs on a real server. */
import { parseNetworks } from "#core/networks.ts";
import { createBuildTurns } from "#paas/build-turns.ts";
import type { GitPlace } from "#paas/git/git-environment.ts";
import type { Platform } from "#paas/platform.ts";
import { beginPull } from "#paas/pull/begin-pull.ts";
import { pullsAtOnce, type Pulling } from "#paas/pull/pulling.ts";
import { removeSource, setSource, showSource } from "#paas/pull/source.ts";
import { createWebhook, listWebhooks, receiveWebhook, removeWebhook, rotateWebhook } from "#paas/pull/webhooks.ts";
import type { UseCases } from "#server/use-cases.ts";
import { lookupHost } from "#sys/outbound/pinned-address.ts";
import type { Environment } from "./number-settings.ts";

export function makePulling(sourceNetworks: string, git: GitPlace, env: Environment): Pulling {
  return {
    rules: { allowed: parseNetworks(sourceNetworks, "HOP3_SOURCE_NETWORKS"), lookup: lookupHost },
    turns: createBuildTurns(pullsAtOnce),
    git,
    authorities: env["SSL_CERT_FILE"] || undefined,
  };
}

type SourceUseCases = Pick<
  UseCases,
  | "createPull"
  | "showSource"
  | "setSource"
  | "removeSource"
  | "listWebhooks"
  | "createWebhook"
  | "rotateWebhook"
  | "removeWebhook"
  | "receiveWebhook"
>;

export function sourceUseCases(platform: Platform, pulling: Pulling): SourceUseCases {
  return {
    createPull: async ({ params, body, actor }) => ({
      app: params.app,
      ...(await beginPull(platform, pulling, { app: params.app, ...body, by: actor })),
    }),
    showSource: async ({ params }) => ({ app: params.app, source: await showSource(platform, params.app) }),
    setSource: async ({ params, body, actor }) => ({
      app: params.app,
      source: await setSource(platform, params.app, body, actor),
    }),
    removeSource: async ({ params, actor }) => {
      await removeSource(platform, params.app, actor);
      return { app: params.app };
    },
    listWebhooks: async ({ params }) => ({ app: params.app, webhooks: await listWebhooks(platform, params.app) }),
    createWebhook: async ({ params, body, actor }) => ({
      app: params.app,
      ...(await createWebhook(platform, params.app, body, actor)),
    }),
    rotateWebhook: async ({ params, actor }) => ({
      app: params.app,
      ...(await rotateWebhook(platform, params.app, params.webhook, actor)),
    }),
    removeWebhook: async ({ params, actor }) => {
      await removeWebhook(platform, params.app, params.webhook, actor);
      return { app: params.app };
    },
    receiveWebhook: ({ params, headers, body, actor }) =>
      receiveWebhook(platform, pulling, params.hook, headers, body, actor),
  };
}
