/** An app while a planner looks through its files: takes what Hop3 can have, and notes what it cannot, and why. */
import { envValueMax, instancesMax } from "../limits.ts";
import { isAppName, isEnvName, isHostName, isProcessType, quote, quoteStart } from "../names.ts";
import { isReservedEnv } from "../reserved-env.ts";
import type { ImportedApp, Left } from "./plan.ts";

/** Most of each that one app brings; nobody has as many. */
const variablesMax = 1000;
const domainsMax = 500;
const leftMax = 200;

export class Draft {
  readonly was: string;
  readonly #variables = new Map<string, string>();
  readonly #domains = new Set<string>();
  readonly #scale = new Map<string, number>();
  readonly #left: Left[] = [];
  #code: ImportedApp["code"];

  constructor(was: string) {
    this.was = was;
  }

  leave(what: string, why: string): void {
    if (this.#left.length < leftMax) this.#left.push({ what, why });
  }

  /** A later value of the same name counts. */
  variable(name: string, value: string): void {
    const problem = variableProblem(name, value);
    if (problem !== undefined) return this.leave(isEnvName(name) ? name : quoteStart(name), problem);
    if (this.#variables.size >= variablesMax && !this.#variables.has(name)) {
      return this.leave(name, `an app takes ${variablesMax} variables at most`);
    }
    this.#variables.set(name, value);
  }

  has(name: string): boolean {
    return this.#variables.has(name);
  }

  domain(text: string): void {
    const name = text.trim().toLowerCase();
    if (name === "" || this.#domains.has(name)) return;
    if (name.startsWith("*.")) return this.leave(`domain ${quote(name)}`, "a domain with * is not built yet");
    if (name === "_") return this.leave('domain "_"', "a server that answers to every name is not built yet");
    if (!isHostName(name)) return this.leave(`domain ${quote(name)}`, "it is no valid host name");
    if (this.#domains.size >= domainsMax) return this.leave(`domain ${name}`, `${domainsMax} are taken at most`);
    this.#domains.add(name);
  }

  count(type: string, text: string): void {
    const count = /^[0-9]{1,4}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!isProcessType(type)) return this.leave(`scale of ${quote(type)}`, "it is no valid name of a process");
    if (!(count <= instancesMax)) {
      return this.leave(`scale of ${type}`, `its count is not a number up to ${instancesMax}`);
    }
    this.#scale.set(type, count);
  }

  code(kind: "directory" | "repository", path: string): void {
    this.#code = { kind, path };
  }

  done(): ImportedApp {
    return {
      name: "",
      was: this.was,
      variables: this.#variables,
      domains: [...this.#domains],
      scale: this.#scale,
      code: this.#code,
      left: this.#left,
    };
  }
}

function variableProblem(name: string, value: string): string | undefined {
  if (!isEnvName(name)) return "it is no valid name of a variable";
  if (isReservedEnv(name)) return "Hop3 gives it to each process itself";
  if (value.includes("\0")) return "its value holds a NUL character";
  return value.length > envValueMax ? `its value is longer than ${envValueMax} characters` : undefined;
}

/** The nearest valid name, for example `my-shop` for `My_Shop`; undefined when nothing of it is left. */
export function appNameOf(was: string): string | undefined {
  const name = was
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}+/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 64)
    .replace(/-+$/, "");
  return isAppName(name) ? name : undefined;
}
