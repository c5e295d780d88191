/** Shows a running deploy until it is done, over broken connections: it resumes after the last event that it saw. */
import { setTimeout as delay } from "node:timers/promises";
import type { DoneEvent } from "#core/api/deploys.ts";
import type { EventOf } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import { AppError } from "#core/errors.ts";
import { type Client, faultToError } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { duration } from "./render.ts";

/** Seconds between tries after the connection broke; a restart of hop3d fits in. */
const retryDelays = [0.5, 1, 2, 4, 8];

/** When each step began, in milliseconds as this side has heard it. */
type Began = Map<string, number>;

/** Throws what made the deploy fail; CANCELED, with the way to go on following, when the person left. */
export async function followDeploy(
  context: CommandContext,
  client: Client,
  app: string,
  deploy: number,
): Promise<DoneEvent> {
  let last: string | undefined;
  let tries = 0;
  const began: Began = new Map();
  for (;;) {
    try {
      const headers = last === undefined ? {} : { "last-event-id": last };
      const events = client.stream("followDeploy", { params: { app, deploy: String(deploy) }, headers });
      for await (const event of events) {
        last = event.id ?? last;
        tries = 0;
        if (event.event === "done") return finish(event.data, app, deploy);
        show(context, event, began);
      }
      throw new AppError("UNREACHABLE", "The stream of the deploy ended early.");
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      if (thrown.code === "CANCELED" && context.signal.aborted) throw left(app, deploy, thrown);
      const wait = retryDelays[tries++];
      if (thrown.code !== "UNREACHABLE" || wait === undefined) throw thrown;
      context.progress.line("The connection broke; trying again.");
      await delay(wait * 1000, undefined, { signal: context.signal }).catch((cause: unknown) => {
        throw left(app, deploy, cause);
      });
    }
  }
}

type Shown = Exclude<EventOf<Routes["followDeploy"]>, { readonly event: "done" }>;

function show({ progress, verbose }: CommandContext, event: Shown, began: Began): void {
  if (event.event === "output") return progress.line(`    ${event.data.line}`);
  const { name, state, detail } = event.data;
  const text = detail === undefined ? name : `${name}: ${detail}`;
  if (state === "started") {
    began.set(name, performance.now());
    return progress.step(text);
  }
  const since = began.get(name);
  const timed = since === undefined ? text : `${text} (${duration(performance.now() - since)})`;
  if (state === "done") progress.done(timed);
  else if (state === "failed") progress.failed(timed);
  else if (verbose > 0) progress.line(`${text} (skipped)`);
}

function finish(done: DoneEvent, app: string, deploy: number): DoneEvent {
  if (done.error !== undefined) throw faultToError({ ...done.error, hint: withApp(done.error.hint, app) });
  if (done.outcome === "canceled") throw new AppError("CANCELED", `Deploy ${deploy} was canceled on the server.`);
  if (done.outcome === "failed") {
    const error = new AppError("BUILD_FAILED", `Deploy ${deploy} failed.`);
    throw new AppError(error.code, error.message, { hint: withApp(error.hint, app) });
  }
  return done;
}

/** The commands of a hint as they can be typed here: the name of a directory names an app to a deploy only. */
function withApp(hint: string, app: string): string {
  return hint.replaceAll(/`(hop3 app [a-z-]+)`/g, `\`$1 --app ${app}\``);
}

function left(app: string, deploy: number, cause: unknown): AppError {
  return new AppError("CANCELED", `You left; deploy ${deploy} of ${app} goes on on the server.`, {
    hint: `\`hop3 app build-logs -f --app ${app}\` goes on following it, \`hop3 deploy cancel ${deploy} --app ${app}\` ends it.`,
    cause,
  });
}
