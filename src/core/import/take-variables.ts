import type { Assignments } from "./assignments.ts";
import type { Draft } from "./draft.ts";

/** Of a system's own settings: what becomes of them, or why they stay behind. Undefined for the app's own. */
export type Knob = (name: string, value: string, draft: Draft) => "taken" | { readonly left: string } | undefined;

/** The variables of a file, with what its notes say. `file` is named in those. */
export function takeVariables(draft: Draft, file: string, { found, notes }: Assignments, knob?: Knob): void {
  for (const { line, why } of notes) draft.leave(`${file}:${line}`, `the line ${why}`);
  for (const { name, value } of found) {
    const known = knob?.(name, value, draft);
    if (known === undefined) draft.variable(name, value);
    else if (known !== "taken") draft.leave(name, known.left);
  }
}
