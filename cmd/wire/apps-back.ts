/** After a start: which apps answer again, and of those that do not, why and what to type. */
import type { AppSummary } from "#core/api/apps.ts";
import { systemClock } from "#sys/clock.ts";

/** One request to an app's first URL; throws when nobody answers. */
export type AskApp = (url: string) => Promise<{ status: number; ms: number }>;

export type BackApp = {
  readonly line: string;
  /** Set when it answers. */
  readonly url: string | undefined;
};

/** What the edge answers for an app whose process is not there (yet). */
const gatewayErrors = 502;
const pauseMs = 50;

/** A line for each app, in the order given, each as soon as it is known; `until` is when waiting ends, for all together. */
export async function* appsBack(
  apps: readonly AppSummary[],
  ask: AskApp,
  until: number,
  signal: AbortSignal,
): AsyncGenerator<BackApp> {
  for (const app of apps) {
    const idle = idleLine(app);
    const url = app.urls[0];
    if (idle !== undefined || url === undefined) {
      yield { line: idle ?? `${app.app} is ${app.state}`, url: undefined };
      continue;
    }
    const answer = await firstAnswer(url, ask, until, signal);
    yield answer === undefined
      ? { line: `${app.app} does not answer: hop3 app status --app ${app.app}`, url: undefined }
      : { line: `${url} answers ${answer.status} in ${Math.ceil(answer.ms)} ms`, url };
  }
}

/** An app that nothing is to be expected of; undefined for one that should answer. */
function idleLine({ app, state, release }: AppSummary): string | undefined {
  if (release === null) return `${app} has not been deployed with success yet: hop3 app show --app ${app}`;
  if (state === "stopped") return `${app} is stopped: hop3 app start --app ${app}`;
  return undefined;
}

async function firstAnswer(
  url: string,
  ask: AskApp,
  until: number,
  signal: AbortSignal,
): Promise<{ status: number; ms: number } | undefined> {
  for (;;) {
    const answer = await ask(url).catch(() => undefined);
    signal.throwIfAborted();
    if (answer !== undefined && answer.status < gatewayErrors) return answer;
    if (systemClock.now() > until) return undefined;
    await systemClock.sleep(pauseMs, signal);
  }
}
