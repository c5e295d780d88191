/** Groups of users, and who may do what with a single app beyond its role. */
import { z } from "zod";
import { isUserName } from "../names.ts";
import { appRoles, roles } from "../roles.ts";
import { userName } from "./credentials.ts";
import { nextPage, pageQuery } from "./page.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams, isoTime } from "./shared.ts";

const groupName = z
  .string()
  .refine(isUserName, "is not a valid group name")
  .describe("1 to 64 lowercase letters, digits, dots, hyphens, underscores; starts with a letter");

const groupView = z.object({
  group: groupName,
  role: z.enum(roles).nullable().describe("What each member is besides its own role"),
  claim: z
    .string()
    .nullable()
    .describe("The value in an identity provider's groups claim that makes somebody a member"),
  members: z.array(userName),
  createdAt: isoTime,
});
export type GroupView = z.infer<typeof groupView>;

const groupParams = z.strictObject({ group: groupName });
const memberParams = z.strictObject({ group: groupName, user: userName });

export const listGroups = defineRoute({
  method: "GET",
  path: "/groups",
  summary: "The groups with their members, by name",
  action: "access.list",
  query: z.strictObject(pageQuery),
  response: z.object({ groups: z.array(groupView), next: nextPage }),
});

export const showGroup = defineRoute({
  method: "GET",
  path: "/groups/:group",
  summary: "A group",
  action: "access.list",
  params: groupParams,
  response: groupView,
  tagged: (group: GroupView) => group,
});

export const createGroup = defineRoute({
  method: "POST",
  path: "/groups",
  summary: "Create a group",
  action: "access.manage",
  body: z.strictObject({
    group: groupName,
    role: z.enum(roles).nullable().default(null),
    claim: z.string().min(1).max(200).nullable().default(null),
  }),
  status: 201,
  response: groupView,
});

export const destroyGroup = defineRoute({
  method: "DELETE",
  path: "/groups/:group",
  summary: "Remove a group with its rights",
  action: "access.manage",
  params: groupParams,
  changes: showGroup,
  response: z.object({ removed: groupName }),
});

export const addMember = defineRoute({
  method: "PUT",
  path: "/groups/:group/members/:user",
  summary: "Add a user to a group",
  action: "access.manage",
  params: memberParams,
  changes: showGroup,
  response: groupView,
});

export const removeMember = defineRoute({
  method: "DELETE",
  path: "/groups/:group/members/:user",
  summary: "Take a user out of a group",
  action: "access.manage",
  params: memberParams,
  changes: showGroup,
  response: groupView,
});

const subject = z
  .string()
  .refine((text) => isUserName(text.replace(/^@/, "")), "is not a user, or a group with @ before it")
  .describe("A user's name, or a group's with `@` before it");

const accessList = z.object({
  app: appName,
  access: z.array(
    z.object({ subject, role: z.enum(appRoles), grantedAt: isoTime, grantedBy: z.string().describe("A user's name") }),
  ),
});

export const listAccess = defineRoute({
  method: "GET",
  path: "/apps/:app/access",
  summary: "Who has rights for this app beyond a role of the organisation",
  action: "access.list",
  params: appParams,
  response: accessList,
  tagged: ({ access }: z.infer<typeof accessList>) => access,
});

export const grantAccess = defineRoute({
  method: "PUT",
  path: "/apps/:app/access",
  summary: "Give a user or group a role for this app, in place of the one that it had",
  action: "access.manage",
  params: appParams,
  changes: listAccess,
  body: z.strictObject({ subject, role: z.enum(appRoles) }),
  response: accessList,
});

export const revokeAccess = defineRoute({
  method: "DELETE",
  path: "/apps/:app/access/:subject",
  summary: "Take the role for this app from a user or group",
  action: "access.manage",
  params: appParams.extend({ subject }),
  changes: listAccess,
  response: accessList,
});
