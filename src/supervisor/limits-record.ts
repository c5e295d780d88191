/** The limits of a release's record, checked like all of it. */
import { limitKinds, type AppLimits, type ProcessLimits, type WholeLimits } from "#core/app-limits.ts";
import { quote } from "#core/names.ts";
import { entries, fields, invalid, processTypeOf } from "./shape.ts";

/** `types`: at most so many. Throws a Refusal that names the first thing that is wrong. */
export function limitsRecord(value: unknown, where: string, types: number): AppLimits {
  const found = fields(value, where, ["app", "types"], ["bestEffort"]);
  const { bestEffort } = found;
  if (bestEffort !== undefined && bestEffort !== true) throw invalid(`${where}: bestEffort`, "must be true");
  const own = Object.create(null) as Record<string, ProcessLimits>;
  for (const [type, table] of entries(found["types"], `${where}: types`, types)) {
    const name = processTypeOf(type, `${where}: ${quote(type)}`);
    own[name] = tableOf(table, `${where}: ${type}`, false);
  }
  const app = tableOf(found["app"], `${where}: app`, true);
  return { app, types: own, ...(bestEffort === undefined ? {} : { bestEffort: true }) };
}

function tableOf(value: unknown, where: string, whole: boolean): WholeLimits {
  const kinds = limitKinds.filter((kind) => whole || kind.whole !== true);
  const names = kinds.map(({ name }) => name);
  const found = fields(value, where, [], names);
  const limits: Partial<Record<keyof WholeLimits, number>> = {};
  for (const { name, unit, least, most } of kinds) {
    const one = found[name];
    if (one === undefined) continue;
    const fits = typeof one === "number" && one >= least && one <= most;
    if (!fits || (unit !== "processors" && !Number.isSafeInteger(one))) {
      throw invalid(`${where}: ${name}`, `must be a number from ${least} to ${most}`);
    }
    limits[name] = one;
  }
  return limits;
}
