/** What the schema's keys are made of: a type, with what is known of it. */
import { z } from "zod";

type KeyMeta = {
  readonly description?: string;
  /** What the reference page shows as the type, where the schema alone reads badly. */
  readonly shown?: string;
  readonly standard?: string;
  /** Known, and refused with NOT_BUILT_YET. */
  readonly notBuilt?: true;
};

const known = z.registry<KeyMeta>();

/** What is known of a key beside its type. */
export function keyMeta(schema: z.core.$ZodType): KeyMeta {
  return known.get(schema) ?? {};
}

/** A fresh copy of the type with its meta data, so that two keys of one type keep their own. */
export function key<T extends z.ZodType>(type: T, description: string, meta: Omit<KeyMeta, "description"> = {}): T {
  // `describe` answers with a copy.
  const described = type.describe(description);
  known.add(described, { description, ...meta });
  return described;
}

export function notBuilt(shown: string, description: string) {
  return key(z.unknown().optional(), description, { shown, notBuilt: true });
}
