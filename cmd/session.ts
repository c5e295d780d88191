/**
 * A session process: one command or terminal of an app, for one client. The supervisor starts it, in the app's directory,
 * and hands it the rest on its stdin, so that nothing of it stands in an argument list.
 */
import { text } from "node:stream/consumers";
import { sessionReady, type SessionPlan } from "#core/session-plan.ts";
import { runSession } from "#wire/command/run-session.ts";

const ending = new AbortController();
// HUP is what the end of a terminal sends to all that is near.
process.on("SIGHUP", () => undefined);
process.on("SIGTERM", () => ending.abort());

// Written by our own parent, which has checked it.
const plan = JSON.parse(await text(process.stdin)) as SessionPlan;
await runSession(plan, {
  ready: () => void process.stdout.write(sessionReady),
  cwd: process.cwd(),
  signal: ending.signal,
});
process.exit(0);
