import type { Roots } from "#core/layout.ts";
import { serveUntil } from "./dying.ts";

/** Arguments for Node that run `serveUntil` in a process of its own. */
export function dyingArgv({ root, run }: Roots, point = "never", nth = 1): string[] {
  const file = JSON.stringify(new URL("dying.ts", import.meta.url).href);
  const args = `${JSON.stringify({ root, run })}, ${JSON.stringify(point)}, ${nth}`;
  return ["--input-type=module", "-e", `(await import(${file})).${serveUntil.name}(${args})`];
}
