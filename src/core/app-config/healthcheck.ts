/** `[healthcheck]` and its short forms in `[run]`: what excludes what, and the one description that comes of them. */
import { type Healthcheck, type HealthProbe, standardStatus, standardTries } from "../healthcheck.ts";
import type { Hop3Toml } from "./schema.ts";

type Rule = { readonly path: string[]; readonly message: string };

/** What no key alone can show. */
export function healthcheckRules({ run, healthcheck }: Hop3Toml): readonly Rule[] {
  const rules: Rule[] = [];
  const both = [
    ["path", "healthcheck"],
    ["timeout", "healthcheck-timeout"],
  ] as const;
  for (const [key, short] of both) {
    if (healthcheck?.[key] === undefined || run?.[short] === undefined) continue;
    rules.push({ path: ["run", short], message: `and \`healthcheck.${key}\` say the same; keep one.` });
  }
  const path = healthcheck?.path ?? run?.healthcheck;
  if (run?.["healthcheck-timeout"] !== undefined && path === undefined && healthcheck === undefined) {
    rules.push({ path: ["run", "healthcheck-timeout"], message: "needs `run.healthcheck`." });
  }
  if (healthcheck === undefined) return rules;
  const named = healthcheck.path === undefined && path !== undefined ? "run.healthcheck" : "healthcheck.path";
  const kinds = [
    ...(path === undefined ? [] : [named]),
    ...(healthcheck.command === undefined ? [] : ["healthcheck.command"]),
    ...(healthcheck.socket === undefined ? [] : ["healthcheck.socket"]),
  ];
  const [first, ...others] = kinds;
  if (first === undefined)
    rules.push({ path: ["healthcheck"], message: "needs one of `path`, `command` and `socket`." });
  for (const other of others) {
    rules.push({ path: other.split("."), message: `and \`${first}\` exclude each other; keep one.` });
  }
  for (const key of ["http_method", "expected_status"] as const) {
    if (healthcheck[key] === undefined || path !== undefined) continue;
    rules.push({ path: ["healthcheck", key], message: "needs `healthcheck.path`." });
  }
  return rules;
}

/** Undefined when the app says nothing of it. */
export function healthcheckOf({ run, healthcheck: said }: Hop3Toml): Healthcheck | undefined {
  const probe = probeOf(said?.path ?? run?.healthcheck, said);
  if (probe === undefined) return undefined;
  return {
    probe,
    timeout: said?.timeout ?? run?.["healthcheck-timeout"] ?? standardTries.timeout,
    startPeriod: said?.start_period ?? standardTries.startPeriod,
    interval: said?.interval ?? standardTries.interval,
    retries: said?.retries ?? standardTries.retries,
    successThreshold: said?.success_threshold ?? standardTries.successThreshold,
  };
}

function probeOf(path: string | undefined, said: Hop3Toml["healthcheck"]): HealthProbe | undefined {
  if (said?.command !== undefined) return { kind: "command", command: said.command };
  if (said?.socket !== undefined) return { kind: "socket" };
  if (path === undefined) return undefined;
  return { kind: "http", path, method: said?.http_method ?? "GET", expected: said?.expected_status ?? standardStatus };
}
