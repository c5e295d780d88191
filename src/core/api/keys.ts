/** The SSH keys of who asks, for git. */
import { z } from "zod";
import { isFingerprint } from "../ssh-key.ts";
import { defineRoute } from "./route.ts";
import { isoTime } from "./shared.ts";

const fingerprint = z
  .string()
  .refine(isFingerprint, "is not a fingerprint")
  .describe("`SHA256:` and 43 characters, as `ssh-keygen -l` shows it");

const sshKey = z.object({
  fingerprint,
  name: z.string().describe("What it is for, in its owner's words"),
  key: z.string().describe("Type and key, as OpenSSH has them"),
  createdAt: isoTime,
  lastUsedAt: isoTime.nullable().describe("To the minute; null: never"),
});
export type SshKeyView = z.infer<typeof sshKey>;

export const listKeys = defineRoute({
  method: "GET",
  path: "/account/keys",
  summary: "Your SSH keys, the oldest first",
  action: "account.read",
  response: z.object({ keys: z.array(sshKey) }),
});

export const addKey = defineRoute({
  method: "POST",
  path: "/account/keys",
  summary: "Let a key push and fetch over SSH as you",
  action: "account.write",
  body: z.strictObject({
    key: z.string().max(20_000).describe("The line of a public key, such as `ssh-ed25519 AAAA... ada@laptop`"),
    name: z
      .string()
      .regex(/^[\w@.+-]{1,64}$/, "has 1 to 64 letters, digits or . _ - + @")
      .optional()
      .describe("What it is for; the line's comment unless said"),
  }),
  status: 201,
  response: sshKey,
});

export const removeKey = defineRoute({
  method: "DELETE",
  path: "/account/keys/:fingerprint",
  summary: "Let a key in no more",
  action: "account.write",
  params: z.strictObject({ fingerprint }),
  response: z.object({ removed: fingerprint }),
});
