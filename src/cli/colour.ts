/** Whether colours are wanted: NO_COLOR (no-color.org) and FORCE_COLOR say so, else a terminal that can. */
import type { Output } from "./terminal.ts";

export function wantsColour(env: Readonly<Record<string, string | undefined>>, output: Output): boolean {
  if (env["NO_COLOR"]) return false;
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return output.isTTY === true && env["TERM"] !== "dumb";
}

/** Colours and other looks of characters, as `printable` leaves them. */
// oxlint-disable-next-line no-control-regex
const looks = /[\u001b\u009b]\[?[0-9;]*m/g;

export function withoutColour(text: string): string {
  return text.replaceAll(looks, "");
}
