/** The conversation of a login by the server's single sign-on, until there is a session or a code is asked for. */
import { setTimeout as delay } from "node:timers/promises";
import type { ResponseOf } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import type { Client } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { isAway, requirePage, say, throughBrowser, tooLate, until } from "./through-browser.ts";

type LoginStep = ResponseOf<Routes["finishSso"]>;

/** By a browser on this machine. */
export function logInByBrowser(context: CommandContext, client: Client): Promise<LoginStep> {
  return throughBrowser(context, {
    begin: (redirect) => client.call("beginSso", { body: { redirect } }),
    finish: (answer) => client.call("finishSso", { body: answer }),
    isDone: ({ secret }) => secret !== null,
    otherwise: "With --device it may be on any other.",
  });
}

/** By a browser anywhere: the person types a code there that is shown here. */
export async function logInByDevice(context: CommandContext, client: Client): Promise<LoginStep> {
  const { signal } = context;
  const begun = await client.call("beginDevice", {});
  const page = requirePage(begun.verificationUri).href;
  const complete = begun.verificationUriComplete;
  say(context, `Open this page in any browser:\n  ${page}\nand enter this code there:\n  ${begun.userCode}`);
  if (complete !== null) say(context, `The same in one:\n  ${requirePage(complete).href}`);
  const ends = until(begun.expiresAt, signal);
  for (let seconds = begun.wait; ;) {
    // As the server asks, within reason: it is not believed to want a thousand questions a second, nor a day's silence.
    await delay(Math.min(Math.max(seconds, 1), 120) * 1000, undefined, { signal: ends }).catch((cause: unknown) => {
      throw tooLate(cause, signal);
    });
    const asked = await client.call("askDevice", { body: { login: begun.login } }).catch((error: unknown) => {
      if (isAway(error)) return undefined;
      throw error;
    });
    if (asked !== undefined && asked.step !== null) return asked.step;
    seconds = asked?.wait ?? seconds + 5;
  }
}
