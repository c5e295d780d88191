/** An app's variables with a change to them. Pure. */
import type { EnvInput } from "#store/env.ts";

export type VariableChange = { readonly set: Readonly<Record<string, string>>; readonly unset: readonly string[] };

type Valued = Pick<EnvInput, "name" | "value">;

/** What is set counts as the user's from then on. */
export function changeVariables(before: readonly EnvInput[], { set, unset }: VariableChange): EnvInput[] {
  const kept = before.filter(({ name }) => !Object.hasOwn(set, name) && !unset.includes(name));
  return [
    ...kept.map(({ name, value, source }) => ({ name, value, source })),
    ...Object.entries(set).map(([name, value]) => ({ name, value, source: "user" as const })),
  ];
}

/** Names of variables that are not the same in both, sorted. */
export function differingVariables(before: readonly Valued[], after: readonly Valued[]): string[] {
  const [was, is] = [before, after].map((side) => new Map(side.map(({ name, value }) => [name, value])));
  const names = new Set([...before, ...after].map(({ name }) => name));
  return [...names].filter((name) => was?.get(name) !== is?.get(name)).toSorted();
}
