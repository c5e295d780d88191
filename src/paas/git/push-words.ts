/** What somebody who pushes reads of the deploy: a line each, which git puts behind `remote:`. */
import type { AppError } from "#core/errors.ts";
import { printable } from "#core/printable.ts";
import type { FollowedEvent } from "../deploy/follow.ts";

/** Characters of one line; git's own limit is 64 KiB for a packet. */
const lineMax = 4000;

/** Of a deploy that goes on or has succeeded. Nothing for an event that only tells that something begins or was left out. */
export function eventLines(event: FollowedEvent): string[] {
  if (event.event === "output") return [line(`       ${event.data.line}`)];
  if (event.event === "step") {
    const { name, state, detail } = event.data;
    const text = detail === undefined ? name : `${name}: ${detail}`;
    if (state === "done") return [line(`-----> ${text}`)];
    if (state === "failed") return [line(` !     ${text} failed`)];
    // What has to be waited for is said; that a step began is not.
    return state === "started" && detail !== undefined ? [line(`-----> ${text}`)] : [];
  }
  const { release, url } = event.data;
  return [line(`-----> release v${release} is live${url === null ? "" : `: ${url}`}`)];
}

/** The commands of a hint name the app: where a push is typed, nothing else may. */
export function faultLines({ code, message, hint, details }: AppError, app: string): string[] {
  const next = hint.replaceAll(/`(hop3 app [a-z-]+)`/g, `\`$1 --app ${app}\``);
  return [` !     ${message} (${code})`, ...details.map((one) => `       ${one}`), ` !     ${next}`].map(line);
}

/** One line, whatever it holds: safe for a terminal and for who reads it by lines. */
export function line(text: string): string {
  const whole = printable(text.replaceAll(/[\r\n\0]+/g, " "));
  return whole.length > lineMax ? `${whole.slice(0, lineMax)}...` : whole;
}
