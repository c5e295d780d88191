/** Sources: where the server fetches an app from by itself, and the webhooks that have it do so. */
import { z } from "zod";
import { defineRoute } from "./route.ts";
import { appName, appParams, deployNumber, envName, envValue, isoTime, sha256 } from "./shared.ts";

const url = z.string().min(1).max(2048).describe("An https address, without a user's name or password");
const refName = z.string().min(1).max(250);
const whichRef = {
  branch: refName.optional().describe("A branch; what the repository's HEAD names unless given"),
  ref: refName.optional().describe("A tag, branch or whole commit, in place of a branch"),
};
const oneRef = (value: { readonly branch?: string | undefined; readonly ref?: string | undefined }): boolean =>
  value.branch === undefined || value.ref === undefined;

const gitPull = z.strictObject({ kind: z.literal("git"), url, ...whichRef }).refine(oneRef, "names a branch and a ref");
const archivePull = z.strictObject({ kind: z.literal("archive"), url, sha256: sha256.optional() });
const sourcePull = z.strictObject({ kind: z.literal("source") }).describe("The app's own source");

export const createPull = defineRoute({
  method: "POST",
  path: "/apps/:app/pulls",
  event: "later",
  summary:
    "Have the server fetch a repository or an archive and deploy it; answers at once, the deploy tells how it goes",
  action: "app.deploy",
  params: appParams,
  body: z.strictObject({
    from: z.union([gitPull, archivePull, sourcePull]),
    create: z.boolean().default(false).describe("Make the app when there is none of this name"),
    replace: z.boolean().default(false).describe("Cancel the app's other deploys that do not serve yet"),
    env: z
      .record(envName, envValue)
      .refine((env) => Object.keys(env).length <= 1000, "may set 1000 variables at most")
      .default({})
      .describe("Variables to set before the build"),
  }),
  status: 202,
  response: z.object({ app: appName, deploy: deployNumber, created: z.boolean().describe("The app is new") }),
});

export const sourceView = z.object({
  url: z.string(),
  ref: z.string().nullable().describe("Branch, tag or commit; null for what the repository's HEAD names"),
  credential: z.string().nullable().describe("Whose token is kept for it; the token itself is never shown"),
  setBy: z.string(),
  updatedAt: isoTime,
});
export type SourceView = z.infer<typeof sourceView>;

export const showSource = defineRoute({
  method: "GET",
  path: "/apps/:app/source",
  summary: "The repository that the server fetches the app from",
  action: "app.show",
  params: appParams,
  response: z.object({ app: appName, source: sourceView.nullable() }),
  tagged: ({ source }: { readonly source: SourceView | null }) => source,
});

export const setSource = defineRoute({
  method: "PUT",
  path: "/apps/:app/source",
  summary: "Say which repository the app is fetched from; replaces the one before with its token",
  action: "app.source.write",
  params: appParams,
  changes: showSource,
  body: z
    .strictObject({
      url,
      ...whichRef,
      credential: z
        .strictObject({
          user: z
            .string()
            .min(1)
            .max(200)
            .regex(/^[^:\p{C}]+$/u, "must not hold a colon or control characters"),
          token: z
            .string()
            .min(1)
            .max(4096)
            .regex(/^[\x21-\x7e]+$/, "must be one word"),
        })
        .optional()
        .describe("For a private repository; kept sealed and sent to this address alone"),
    })
    .refine(oneRef, "names a branch and a ref"),
  response: z.object({ app: appName, source: sourceView }),
});

export const removeSource = defineRoute({
  method: "DELETE",
  path: "/apps/:app/source",
  summary: "Forget the repository and its token",
  action: "app.source.write",
  params: appParams,
  changes: showSource,
  response: z.object({ app: appName }),
});

const webhookName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "is not a name of a webhook")
  .describe("1 to 32 lowercase letters, digits, - or _");
const webhookParams = appParams.extend({ webhook: webhookName });

export const webhookView = z.object({
  name: webhookName,
  path: z.string().describe("Where a forge sends its pushes to, at this server's address"),
  branch: z.string().nullable().describe("Pushes to it deploy; null for that of the app's source"),
  createdAt: isoTime,
  createdBy: z.string(),
  rotatedAt: isoTime.nullable(),
  lastAt: isoTime.nullable().describe("When something came last that was signed"),
  lastOutcome: z.string().nullable(),
});
export type WebhookView = z.infer<typeof webhookView>;

const withSecret = z.object({
  app: appName,
  webhook: webhookView,
  secret: z.string().describe("Shown this once: what the forge signs with"),
});

export const listWebhooks = defineRoute({
  method: "GET",
  path: "/apps/:app/webhooks",
  summary: "The app's webhooks, without their secrets",
  action: "app.source.write",
  params: appParams,
  response: z.object({ app: appName, webhooks: z.array(webhookView) }),
});

export const createWebhook = defineRoute({
  method: "POST",
  path: "/apps/:app/webhooks",
  summary: "Make a webhook: a push that a forge tells of has the app fetched from its source and deployed",
  action: "app.source.write",
  params: appParams,
  body: z.strictObject({ name: webhookName, branch: refName.optional() }),
  status: 201,
  response: withSecret,
});

export const rotateWebhook = defineRoute({
  method: "POST",
  path: "/apps/:app/webhooks/:webhook/rotate",
  summary: "Give a webhook another secret; the old one opens nothing from then on",
  action: "app.source.write",
  params: webhookParams,
  response: withSecret,
});

export const removeWebhook = defineRoute({
  method: "DELETE",
  path: "/apps/:app/webhooks/:webhook",
  summary: "Remove a webhook",
  action: "app.source.write",
  params: webhookParams,
  response: z.object({ app: appName }),
});

const text = (most: number) => z.string().max(most).optional();

/** What forges send with a push: GitHub, Gitea, Forgejo, Gogs, GitLab. */
const forgeHeaders = z.object({
  "content-type": text(200),
  "x-hub-signature-256": text(200).describe("`sha256=` and the HMAC of the body: GitHub, Gitea, Forgejo"),
  "x-forgejo-signature": text(200),
  "x-gitea-signature": text(200),
  "x-gogs-signature": text(200),
  "x-gitlab-token": text(200).describe("The secret itself: GitLab"),
  "x-github-event": text(100),
  "x-forgejo-event": text(100),
  "x-gitea-event": text(100),
  "x-gogs-event": text(100),
  "x-gitlab-event": text(100),
  "x-github-delivery": text(200),
  "x-forgejo-delivery": text(200),
  "x-gitea-delivery": text(200),
  "x-gogs-delivery": text(200),
  "x-gitlab-event-uuid": text(200),
});
export type ForgeHeaders = z.infer<typeof forgeHeaders>;

const received = z.object({
  outcome: z.enum(["deploying", "ignored"]),
  reason: z.string().describe("What is deployed, or why nothing is"),
  deploy: deployNumber.nullable(),
});

export const receiveWebhook = defineRoute({
  method: "POST",
  path: "/webhooks/:hook",
  event: "later",
  summary:
    "For a forge: a signed push to the webhook's branch has the app fetched and deployed; all else is ignored (200)",
  action: "public",
  params: z.strictObject({ hook: z.string().regex(/^[A-Za-z0-9]{22}$/, "is no webhook") }),
  headers: forgeHeaders,
  raw: true,
  body: z
    .record(z.string(), z.unknown())
    .describe("What the forge sends, as JSON or in the field `payload` of a form; at most 2 MiB"),
  status: 202,
  statusOf: ({ outcome }: z.infer<typeof received>) => (outcome === "deploying" ? 202 : 200),
  response: received,
});
