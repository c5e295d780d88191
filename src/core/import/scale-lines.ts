import type { Draft } from "./draft.ts";

/** `web=2` or `web: 2` a line: dokku's DOKKU_SCALE and its list of properties, piku's and Hop3's SCALING. */
export function readScale(draft: Draft, text: string): void {
  for (const line of text.split(/\r?\n/).slice(0, 1000)) {
    const [, type, count] = /^\s*([^\s=:#]+)\s*[=:]\s*(\S+)\s*$/.exec(line) ?? [];
    if (type !== undefined && count !== undefined) draft.count(type, count);
  }
}
