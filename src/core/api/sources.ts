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
});

export const setSource = defineRoute({
  method: "PUT",
  path: "/apps/:app/source",
  summary: "Say which repository the app is fetched from; replaces the one before with its token",
  action: "app.source.write",
  params: appParams,
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
  response: z.object({ app: appName }),
});
