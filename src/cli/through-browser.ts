/** To the provider's page in a browser on this machine, and back with what it says. */
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { printable } from "#core/printable.ts";
import type { CommandContext } from "./context.ts";
import type { Flag } from "./define-command.ts";
import { isLoopback } from "./http.ts";
import { openCallback } from "./login-callback.ts";
import { openBrowser } from "./open-browser.ts";

export type Trip<T> = {
  begin(redirect: string): Promise<{ readonly login: string; readonly url: string; readonly expiresAt: string }>;
  finish(answer: { readonly login: string; readonly query: string }): Promise<T>;
  /** Whether nothing is left to do after it: so says the browser. */
  isDone(ended: T): boolean;
  /** What else there is for who has no browser here. */
  readonly otherwise?: string;
};

export const browserFlags: readonly Flag[] = [
  { name: "no-browser", summary: "Only show the address of the provider's page" },
  { name: "callback-port", value: "N", summary: "The port that the browser comes back to, else any" },
];

/** Throws what the server answers; TIMEOUT when nobody comes back, USAGE for a port that is none. */
export async function throughBrowser<T>(context: CommandContext, trip: Trip<T>): Promise<T> {
  const { terminal, signal } = context;
  const callback = await openCallback(portOf(context.flag("callback-port")));
  try {
    const { login, url, expiresAt } = await trip.begin(callback.redirect);
    const state = stateOf(url);
    say(context, `Log in on this page of your organisation:\n  ${url}`);
    const opened = !context.has("no-browser") && (await openBrowser(terminal, url));
    const open = `Open it in a browser on this machine.${trip.otherwise === undefined ? "" : ` ${trip.otherwise}`}`;
    say(context, opened ? "It was opened in your browser." : open);
    const query = await callback.wait(state, until(expiresAt, signal)).catch((cause: unknown) => {
      throw tooLate(cause, signal);
    });
    try {
      const ended = await patiently(() => trip.finish({ login, query }), signal);
      await callback.show(trip.isDone(ended) ? "done" : "failed");
      return ended;
    } catch (error) {
      await callback.show("failed");
      throw error;
    }
  } finally {
    callback.close();
  }
}

/** On stderr, also where nothing else is said: without it nobody could log in. */
export function say({ terminal }: CommandContext, text: string): void {
  for (const line of text.split("\n")) terminal.stderr.write(`${printable(line)}\n`);
}

/** A server may be anybody's: what it gives is opened only when a browser would show it as a page. */
export function requirePage(text: string): URL {
  const url = URL.parse(text);
  const isPage = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url === null || !isPage || url.username !== "")
    throw new AppError("UNREACHABLE", "The server names a login page that is none.", {
      hint: "Its operator sees in `hop3 system status` whether single sign-on works.",
    });
  return url;
}

/** Aborted at this time, by our own clock at least in 15 s and at most in 15 min, or with the other. */
export function until(expiresAt: string, signal: AbortSignal): AbortSignal {
  const left = Math.min(Math.max(Date.parse(expiresAt) - Date.now(), 15_000), 900_000);
  return AbortSignal.any([signal, AbortSignal.timeout(left)]);
}

export function tooLate(cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || cause instanceof AppError) return cause;
  return new AppError("TIMEOUT", "Nobody logged in within the time that there was.", {
    hint: "Log in again.",
    cause,
  });
}

/** The server did not answer, or not yet. What it says itself has no cause on this side: a provider that is away is final. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return error.code === "RATE_LIMITED" || (error.code === "UNREACHABLE" && error.cause !== undefined);
}

/** Somebody has logged in by now: a server that is being restarted is worth a few seconds. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let left = 15; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0 || !isAway(error)) throw error;
      await delay(1000, undefined, { signal });
    }
  }
}

/** By which this client knows its own login again. */
function stateOf(text: string): string {
  const state = requirePage(text).searchParams.get("state");
  if (state === null || state.length < 16)
    throw new AppError("UNREACHABLE", "The server begins a login that could not be told from another.");
  return state;
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (/^[0-9]{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new AppError("USAGE", `${quote(text)} is no port.`, {
    hint: "--callback-port takes a number from 1 to 65535.",
  });
}
