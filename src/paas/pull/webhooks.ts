/** Webhooks: made, listed, rotated, removed by people; and what becomes of what a forge sends to one. */
import type { Actor } from "#core/actor.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import type { ForgeHeaders, WebhookView } from "#core/api/sources.ts";
import { AppError, toAppError } from "#core/errors.ts";
import { branchRef, isRefName, shownRef } from "#core/git-ref.ts";
import { quote } from "#core/names.ts";
import { isSigned, readDelivery, type Delivery } from "#core/webhook-delivery.ts";
import { getApp } from "#store/apps.ts";
import { appendEvent } from "#store/events.ts";
import { pullSource } from "#store/sources.ts";
import * as rows from "#store/webhooks.ts";
import type { Platform } from "../platform.ts";
import { requireApp } from "../require-app.ts";
import { beginPull } from "./begin-pull.ts";
import type { Pulling } from "./pulling.ts";

type Shown = { readonly webhook: WebhookView; readonly secret: string };

/** Webhooks of one app. */
const webhooksMax = 20;

export async function listWebhooks(platform: Platform, app: string): Promise<WebhookView[]> {
  await requireApp(platform, app);
  return (await rows.listWebhooks(platform.store, app)).map(view);
}

/** Throws APP_NOT_FOUND, CONFLICT, INVALID_INPUT. */
export async function createWebhook(
  platform: Platform,
  app: string,
  { name, branch }: { readonly name: string; readonly branch?: string | undefined },
  by: Actor,
): Promise<Shown> {
  await requireApp(platform, app);
  if (branch !== undefined) branchRef(branch);
  if ((await rows.listWebhooks(platform.store, app)).length >= webhooksMax) {
    throw new AppError("CONFLICT", `${app} has ${webhooksMax} webhooks already.`, { hint: "Remove one first." });
  }
  const input = { app, name, branch: branch ?? null, createdBy: by.name };
  const { webhook, secret } = await rows.createWebhook(platform.store, input, platform.masterKey);
  await appendEvent(platform.store, { actor: by, action: "app.webhook.create", app, target: name, outcome: "ok" });
  return { webhook: view(webhook), secret };
}

/** Throws APP_NOT_FOUND, NOT_FOUND. */
export async function rotateWebhook(platform: Platform, app: string, name: string, by: Actor): Promise<Shown> {
  await requireApp(platform, app);
  const secret = await rows.rotateWebhook(platform.store, app, name, platform.masterKey);
  await appendEvent(platform.store, { actor: by, action: "app.webhook.rotate", app, target: name, outcome: "ok" });
  const webhook = (await rows.listWebhooks(platform.store, app)).find((one) => one.name === name);
  if (webhook === undefined) throw new AppError("NOT_FOUND", "The webhook was removed at the same moment.");
  return { webhook: view(webhook), secret };
}

/** Throws APP_NOT_FOUND, NOT_FOUND. */
export async function removeWebhook(platform: Platform, app: string, name: string, by: Actor): Promise<void> {
  await requireApp(platform, app);
  await rows.removeWebhook(platform.store, app, name);
  await appendEvent(platform.store, { actor: by, action: "app.webhook.remove", app, target: name, outcome: "ok" });
}

export type Received = {
  readonly outcome: "deploying" | "ignored";
  readonly reason: string;
  readonly deploy: number | null;
};

/**
 * Answers as soon as the deploy has its number. Who knows no secret learns nothing: not which webhooks there are, and not
 * what is wrong with a body. Throws UNAUTHENTICATED; INVALID_INPUT for a signed body that is none; what a deploy throws.
 */
export async function receiveWebhook(
  platform: Platform,
  pulling: Pulling,
  id: string,
  headers: ForgeHeaders,
  body: Uint8Array,
  from: Actor,
): Promise<Received> {
  const { store, masterKey } = platform;
  const found = await rows.findWebhook(store, id, masterKey);
  // Of a webhook that there is not, a signature is looked at all the same.
  if (!isSigned(headers, body, found?.secret ?? "") || found === undefined) {
    throw new AppError("UNAUTHENTICATED", "There is no such webhook, or its secret is another.", {
      hint: "`hop3 webhook rotate NAME` gives another secret.",
    });
  }
  const { webhook } = found;
  const app = await getApp(store, webhook.app);
  const by: Actor = {
    ...from,
    name: `webhook ${webhook.name}`,
    ...(app === undefined ? {} : { org: app.org }),
    credential: { kind: "webhook", id: webhook.id, name: webhook.name },
  };
  const delivery = readDelivery(headers, body);
  if (delivery === undefined) throw new AppError("INVALID_INPUT", "The delivery is signed, and no JSON object.");
  const { wanted, why } = await decide(platform, webhook, delivery);
  if (why !== null || wanted === null) return ignored(platform, webhook, why ?? "nothing was pushed");
  if (!(await rows.takeDelivery(store, webhook.id, delivery.marks)))
    return ignored(platform, webhook, "it came before");
  try {
    const { deploy } = await beginPull(platform, pulling, {
      app: webhook.app,
      create: false,
      // Of two pushes the newer one is wanted.
      replace: true,
      from: { kind: "source", branch: wanted },
      env: {},
      by,
    });
    await rows.noteDelivery(store, webhook.id, `deploy ${deploy}`);
    return { outcome: "deploying", reason: `${webhook.app}, ${wanted}`, deploy };
  } catch (thrown) {
    // The forge may send it again.
    await rows.forgetDelivery(store, webhook.id, delivery.marks);
    await rows.noteDelivery(store, webhook.id, toAppError(thrown).code);
    throw thrown;
  }
}

/** The branch to deploy, or why none is. */
async function decide(
  platform: Platform,
  webhook: rows.Webhook,
  { branch, defaultBranch, ignored }: Delivery,
): Promise<{ readonly wanted: string | null; readonly why: string | null }> {
  if (ignored !== null || branch === null) return { wanted: null, why: ignored ?? "no branch was pushed" };
  const source = await pullSource(platform.store, webhook.app, platform.masterKey);
  if (source === undefined) return { wanted: null, why: "the app has no source; `hop3 git source set` gives it one" };
  const ref = webhook.branch === null ? source.ref : branchRef(webhook.branch);
  if (ref !== null && !ref.startsWith("refs/heads/")) {
    return { wanted: null, why: `the app's source is ${quote(shownRef(ref))}, and no branch` };
  }
  const wanted = ref === null ? defaultBranch : shownRef(ref);
  if (wanted === null || !isRefName(wanted))
    return { wanted: null, why: "which branch is the repository's own is not said" };
  return branch === wanted
    ? { wanted, why: null }
    : { wanted: null, why: `${quote(branch)} was pushed, and ${quote(wanted)} deploys` };
}

async function ignored(platform: Platform, webhook: rows.Webhook, reason: string): Promise<Received> {
  await rows.noteDelivery(platform.store, webhook.id, `ignored: ${reason}`);
  return { outcome: "ignored", reason, deploy: null };
}

function view({ id, name, branch, createdAt, createdBy, rotatedAt, lastAt, lastOutcome }: rows.Webhook): WebhookView {
  return { name, path: `${apiPrefix}/webhooks/${id}`, branch, createdAt, createdBy, rotatedAt, lastAt, lastOutcome };
}
