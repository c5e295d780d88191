/** One-off commands and terminals in the live release of an app. */
import { z } from "zod";
import { sessionTimeoutMax } from "../limits.ts";
import { sessionProtocol } from "../session-frames.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams, envName, envValue, releaseNumber } from "./shared.ts";

const word = z
  .string()
  .max(64 * 1024)
  .refine((text) => !text.includes("\0"), "must not hold a NUL character");

const side = z.int().min(1).max(10_000);

export const sessionWish = z.strictObject({
  command: z
    .array(word)
    .min(1)
    .max(4000)
    .refine(([first]) => first !== "", "must name a program")
    .describe("A program and its arguments, run as they are; a single word is a line for `/bin/sh -c`"),
  env: z.record(envName, envValue).default({}).describe("Variables beside those of the release"),
  terminal: z
    .strictObject({
      columns: side,
      rows: side,
      type: z
        .string()
        .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/, "is not the name of a terminal")
        .describe("`TERM`"),
    })
    .nullable()
    .describe("The client's terminal; null runs the command with pipes"),
  timeout: z.int().min(1).max(sessionTimeoutMax).default(sessionTimeoutMax).describe("Seconds after which it is ended"),
});
export type SessionWish = z.infer<typeof sessionWish>;

const sessionId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/, "is not the id of a session")
  .describe("Of one session; good once, for half a minute");

export const createSession = defineRoute({
  method: "POST",
  path: "/apps/:app/run",
  event: "none",
  summary:
    "Prepare a one-off command or terminal in the live release, also of a stopped app; it starts when it is joined",
  action: "app.run",
  params: appParams,
  body: sessionWish,
  status: 201,
  response: z.object({ app: appName, session: sessionId, release: releaseNumber }),
});

export const joinSession = defineRoute({
  method: "GET",
  path: "/apps/:app/sessions/:session",
  summary: `Start a prepared session and talk to it: asks for the upgrade to \`${sessionProtocol}\`, whose frames src/core/session-frames.ts describes. Ends with the connection`,
  action: "app.run",
  params: appParams.extend({ session: sessionId }),
  response: "upgrade",
});
