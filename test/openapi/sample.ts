/** Values by a JSON schema and by chance: such as it takes, and such as it almost takes. */
import type { Random } from "../model/random.ts";
import type { Schema } from "./document.ts";
import { hostileTexts, oddValues } from "./hostile-values.ts";

/** Texts that a pattern may ask for, which nobody can make out of the pattern itself. */
export type Words = readonly string[];

const list = (schema: Schema, keyword: string): readonly Schema[] => (schema[keyword] as readonly Schema[]) ?? [];
const number = (schema: Schema, keyword: string, otherwise: number): number =>
  (schema[keyword] as number | undefined) ?? otherwise;

/** A value by the schema, as far as that can be told from it. */
export function sample(schema: Schema, random: Random, words: Words, depth = 0): unknown {
  if ("const" in schema) return schema["const"];
  if ("enum" in schema) return random.pick(schema["enum"] as unknown[]);
  const options = [...list(schema, "anyOf"), ...list(schema, "oneOf")];
  if (options.length > 0) return sample(random.pick(options), random, words, depth);
  switch (schema["type"]) {
    case "string":
      return text(schema, random, words);
    case "integer":
    case "number":
      return amount(schema, random);
    case "boolean":
      return random.chance(0.5);
    case "null":
      return null;
    case "array":
      return array(schema, random, words, depth);
    case "object":
      return object(schema, random, words, depth);
    default:
      return random.pick(oddValues);
  }
}

/** The same with one thing wrong, somewhere in it. */
export function almost(schema: Schema, random: Random, words: Words): unknown {
  const good = sample(schema, random, words);
  if (typeof good === "string") return random.pick(hostileTexts);
  return spoil(good, random);
}

function spoil(value: unknown, random: Random): unknown {
  const isDeep = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (!isDeep || random.chance(0.2)) return random.chance(0.5) ? random.pick(oddValues) : random.pick(hostileTexts);
  if (Array.isArray(value)) {
    const at = random.below(value.length);
    return value.map((one: unknown, index) => (index === at ? spoil(one, random) : one));
  }
  const entries = Object.entries(value);
  const [name] = random.pick(entries);
  return random.weighted<() => unknown>([
    [5, () => Object.fromEntries(entries.map(([key, one]) => [key, key === name ? spoil(one, random) : one]))],
    [2, () => Object.fromEntries(entries.filter(([key]) => key !== name))],
    [
      2,
      () => JSON.parse(`{${JSON.stringify(random.pick(hostileTexts))}:1,${JSON.stringify(value).slice(1)}`) as unknown,
    ],
  ])();
}

function text(schema: Schema, random: Random, words: Words): string {
  const min = number(schema, "minLength", 0);
  const max = number(schema, "maxLength", 5000);
  const pattern = new RegExp((schema["pattern"] as string | undefined) ?? "", "u");
  const fitting = words.filter((word) => word.length >= min && word.length <= max && pattern.test(word));
  if (fitting.length > 0 && random.chance(0.9)) return random.pick(fitting);
  return random.pick(hostileTexts).slice(0, max).padEnd(min, "a");
}

function amount(schema: Schema, random: Random): number {
  const min = number(schema, "minimum", number(schema, "exclusiveMinimum", -2) + 1);
  const max = number(schema, "maximum", Math.max(min, 2 ** 31));
  const near = [min, min + 1, Math.floor((min + max) / 2), max].filter((one) => one >= min && one <= max);
  const found = random.chance(0.7) ? Math.min(max, min + random.below(5)) : random.pick(near);
  return schema["type"] === "integer" || random.chance(0.5) ? found : found + 0.5;
}

function array(schema: Schema, random: Random, words: Words, depth: number): unknown[] {
  const min = number(schema, "minItems", 0);
  const count = Math.min(number(schema, "maxItems", 50), min + random.below(depth > 2 ? 1 : 4));
  const items = (schema["items"] as Schema | undefined) ?? {};
  return Array.from({ length: count }, () => sample(items, random, words, depth + 1));
}

function object(schema: Schema, random: Random, words: Words, depth: number): Record<string, unknown> {
  const properties = (schema["properties"] as Readonly<Record<string, Schema>> | undefined) ?? {};
  const required = (schema["required"] as readonly string[] | undefined) ?? [];
  const made: [string, unknown][] = [];
  for (const [name, inner] of Object.entries(properties)) {
    if (required.includes(name) || random.chance(0.6)) made.push([name, sample(inner, random, words, depth + 1)]);
  }
  const others = schema["additionalProperties"];
  if (typeof others === "object" && others !== null) {
    const names = (schema["propertyNames"] as Schema | undefined) ?? { type: "string" };
    for (let left = random.below(3); left > 0; left -= 1) {
      made.push([text(names, random, words), sample(others as Schema, random, words, depth + 1)]);
    }
  }
  // As JSON has it: `__proto__` is a key like any other.
  const body = made.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",");
  return JSON.parse(`{${body}}`) as Record<string, unknown>;
}
