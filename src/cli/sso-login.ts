/** The conversation of a login by the server's single sign-on, until there is a session. */
import { setTimeout as delay } from "node:timers/promises";
import type { ResponseOf } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import { AppError } from "#core/errors.ts";
import { printable } from "#core/printable.ts";
import type { Client } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { isLoopback } from "./http.ts";
import { openCallback } from "./login-callback.ts";
import { openBrowser } from "./open-browser.ts";

export type LoginStep = ResponseOf<Routes["finishSso"]>;

/** By a browser on this machine, which comes back to a port of it; 0 is any. */
export async function logInByBrowser(
  { terminal, has }: CommandContext,
  client: Client,
  port: number,
): Promise<LoginStep> {
  const callback = await openCallback(port);
  try {
    const { login, url, expiresAt } = await client.call("beginSso", { body: { redirect: callback.redirect } });
    const state = stateOf(url);
    say(terminal, `Log in on this page of your organisation:\n  ${url}`);
    if (!has("no-browser") && (await openBrowser(terminal, url))) say(terminal, "It was opened in your browser.");
    else say(terminal, "Open it in a browser on this machine; with --device it may be on any other.");
    const query = await callback.wait(state, until(expiresAt, terminal.signal)).catch((cause: unknown) => {
      throw tooLate(cause, terminal.signal);
    });
    try {
      const step = await client.call("finishSso", { body: { login, query } });
      await callback.show(step.secret === null ? "failed" : "done");
      return step;
    } catch (error) {
      await callback.show("failed");
      throw error;
    }
  } finally {
    callback.close();
  }
}

/** By a browser anywhere: the person types a code there that is shown here. */
export async function logInByDevice({ terminal, signal }: CommandContext, client: Client): Promise<LoginStep> {
  const begun = await client.call("beginDevice", {});
  const page = requirePage(begun.verificationUri).href;
  const complete = begun.verificationUriComplete;
  say(terminal, `Open this page in any browser:\n  ${page}\nand enter this code there:\n  ${begun.userCode}`);
  if (complete !== null) say(terminal, `The same in one:\n  ${requirePage(complete).href}`);
  const ends = until(begun.expiresAt, signal);
  for (let seconds = begun.wait; ;) {
    // As the server asks, within reason: it is not believed to want a thousand questions a second, nor a day's silence.
    await delay(Math.min(Math.max(seconds, 1), 120) * 1000, undefined, { signal: ends }).catch((cause: unknown) => {
      throw tooLate(cause, signal);
    });
    const { wait, step } = await client.call("askDevice", { body: { login: begun.login } });
    if (step !== null) return step;
    seconds = wait ?? begun.wait;
  }
}

function say({ stderr }: CommandContext["terminal"], text: string): void {
  for (const line of text.split("\n")) stderr.write(`${printable(line)}\n`);
}

/** A server may be anybody's: what it gives is opened only when a browser would show it as a page. */
function requirePage(text: string): URL {
  const url = URL.parse(text);
  const isPage = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (url === null || !isPage || url.username !== "")
    throw new AppError("UNREACHABLE", "The server names a login page that is none.", {
      hint: "Its operator sees in `hop3 system status` whether single sign-on works.",
    });
  return url;
}

/** By which this client knows its own login again. */
function stateOf(text: string): string {
  const state = requirePage(text).searchParams.get("state");
  if (state === null || state.length < 16)
    throw new AppError("UNREACHABLE", "The server begins a login that could not be told from another.");
  return state;
}

/** Aborted at this time, by our own clock at least in 15 s and at most in 15 min, or with the other. */
function until(expiresAt: string, signal: AbortSignal): AbortSignal {
  const left = Math.min(Math.max(Date.parse(expiresAt) - Date.now(), 15_000), 900_000);
  return AbortSignal.any([signal, AbortSignal.timeout(left)]);
}

function tooLate(cause: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || cause instanceof AppError) return cause;
  return new AppError("TIMEOUT", "Nobody logged in within the time that there was.", {
    hint: "Log in again.",
    cause,
  });
}
