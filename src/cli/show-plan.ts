/** A deploy's plan for a reader: what `hop3 deploy --dry-run` prints. */
import type { DeployPlan } from "#core/api/deploys.ts";
import { volumeText } from "#core/volume.ts";
import { printable } from "#core/printable.ts";
import { facts } from "./render.ts";

export function planText(plan: DeployPlan): string {
  const list = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  ${printable(line)}`)];
  return [
    facts([
      ["app", `${plan.app} (${plan.exists ? "exists" : "new"})`],
      ["builder", plan.builder ?? "none"],
      ["because", plan.reason],
      ["builds", plan.summary],
    ]),
    ...list(
      "runtimes",
      plan.runtimes.map(({ name, range }) => `${name} ${range === "*" ? "(any version)" : range}`),
    ),
    ...list(
      "steps",
      plan.steps.map(
        ({ name, argv, cwd }) =>
          `${name}: ${argv.map(atBuild).map(word).join(" ")}${cwd === "." ? "" : ` (in ${cwd})`}`,
      ),
    ),
    ...list(
      "before it starts",
      plan.hooks.map(({ name, command }) => `${name}: ${command}`),
    ),
    ...list(
      "processes",
      plan.processes.map(({ type, command, count }) => `${type} x${count}: ${command}`),
    ),
    ...list(
      "by the clock",
      plan.cron.map(({ name, schedule, timezone, command }) => `${name} at ${schedule} (${timezone}): ${command}`),
    ),
    ...list(
      "volumes",
      plan.volumes.map((volume) => `${volume.name}: ${volumeText(volume)}`),
    ),
    ...list(
      "static files",
      Object.entries(plan.staticPaths).map(([prefix, path]) => `${prefix} from ${path}`),
    ),
    ...list(
      "environment",
      plan.env.map(({ name, source }) => `${name} (${source})`),
    ),
    ...list("domains", plan.domains),
    ...list(
      "refused, because",
      plan.refusals.flatMap(({ code, message, hint }) => [`${code}: ${message}`, `  ${hint}`]),
    ),
  ].join("\n");
}

/** A word of a build step without the places that are known only at the build: `{tree}/.venv` is `.venv`. */
function atBuild(text: string): string {
  return text.replaceAll(/\{runtime:[\w.-]+\}\/bin\/|\{tree\}\//g, "").replaceAll(/\{runtime:([\w.-]+)\}/g, "$1");
}

/** An argv word as a shell would need it. */
function word(text: string): string {
  return /^[\w@%+=:,./{}-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
