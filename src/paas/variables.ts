/** An app's variables with a change to them. Pure. */
import type { EnvInput } from "#store/env.ts";

export type VariableChange = { readonly set: Readonly<Record<string, string>>; readonly unset: readonly string[] };

/** What is set counts as the user's from then on. */
export function changeVariables(before: readonly EnvInput[], { set, unset }: VariableChange): EnvInput[] {
  const kept = before.filter(({ name }) => !Object.hasOwn(set, name) && !unset.includes(name));
  return [
    ...kept.map(({ name, value, source }) => ({ name, value, source })),
    ...Object.entries(set).map(([name, value]) => ({ name, value, source: "user" as const })),
  ];
}
