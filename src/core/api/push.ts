/** What somebody needs to know who wants to push: which branch deploys an app, and how the server is reached by SSH. */
import { z } from "zod";
import { isBranchName } from "../git-branch.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams } from "./shared.ts";

const branch = z.string().refine(isBranchName, "is not a valid branch name").describe("Such as `main`");

const appPush = z.object({
  app: appName,
  branch: branch.nullable().describe("The branch that deploys it; null: main or master, whichever is pushed first"),
});

export const showPush = defineRoute({
  method: "GET",
  path: "/apps/:app/push",
  summary: "Which branch deploys the app",
  action: "app.show",
  params: appParams,
  response: appPush,
  tagged: ({ branch }: z.infer<typeof appPush>) => branch,
});

export const setPushBranch = defineRoute({
  method: "PUT",
  path: "/apps/:app/push",
  summary: "Say which branch deploys the app",
  action: "app.source.write",
  params: appParams,
  changes: showPush,
  body: z.strictObject({ branch }),
  response: appPush,
});

export const showGitAccess = defineRoute({
  method: "GET",
  path: "/git-access",
  summary: "How git reaches this server by SSH",
  action: "signed-in",
  response: z.object({
    user: z.string().describe("The account of the server's host that git logs in to"),
    arranged: z.boolean().describe("Whether the installation has arranged it; else its keys have to be added by hand"),
    keysFile: z.string().describe("The file on the server's host with the lines that sshd needs for all keys"),
  }),
});
