/** What goes to stdout, the data: in colour where that is wanted, and no faster than it is read. */
import { wantsColour, withoutColour } from "./colour.ts";
import type { Terminal } from "./terminal.ts";

/** Resolves when the text is on its way, so that a slow reader slows us down. */
export function writeOut({ stdout, env }: Terminal, text: string): Promise<void> {
  const shown = wantsColour(env, stdout) ? text : withoutColour(text);
  return new Promise((resolve) => {
    stdout.write(shown.endsWith("\n") ? shown : `${shown}\n`, () => resolve());
  });
}
