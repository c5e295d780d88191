/** The Procfile: `name: command` a line, `#` comments. Only `cron` may be there several times: `cron: M H D M W command`. */
import { parseCronSchedule } from "../cron-schedule.ts";
import { isProcessType, quote } from "../names.ts";
import type { ShellCommand } from "../records.ts";
import { innerPath } from "./paths.ts";
import { type Problem, throwProblems } from "./problem.ts";
import type { SourceText } from "./source-text.ts";

export type CronLine = { readonly schedule: string; readonly command: ShellCommand };

export type Procfile = {
  /** `web` and every daemon. */
  readonly processes: Readonly<Record<string, ShellCommand>>;
  readonly prebuild?: ShellCommand;
  readonly build?: ShellCommand;
  readonly postbuild?: ShellCommand;
  readonly prerun?: ShellCommand;
  readonly release?: ShellCommand;
  /** Directory served at `/`. */
  readonly static?: string;
  /** In the order of their lines. */
  readonly cron: readonly CronLine[];
  readonly serve?: { readonly interface: "wsgi" | "asgi"; readonly target: string };
};

const hooks = ["prebuild", "build", "postbuild", "prerun", "release"] as const;
const notBuilt = new Set(["jwsgi", "rwsgi", "preflight"]);
const callable = /^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$/;

/** Longest command, in characters. */
export const commandMax = 8192;

/** Throws INVALID_PROCFILE with every bad line, or NOT_BUILT_YET. */
export function parseProcfile({ path, text }: SourceText): Procfile {
  const problems: Problem[] = [];
  const seen = new Map<string, { line: number; command: string }>();
  const cron: CronLine[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    const report = (message: string, built = true) => problems.push({ file: path, line, message, notBuilt: !built });
    const content = raw.trim();
    if (content === "" || content.startsWith("#")) continue;
    const match = /^([^:\s]+)\s*:\s*(.*)$/.exec(content);
    const [, name, command] = match ?? [];
    if (name === undefined || command === undefined) report(`${quote(content)} is not \`name: command\`.`);
    else if (!isProcessType(name))
      report(`${quote(name)} is not a process type: lowercase letters, digits, - and _, at most 32.`);
    else if (notBuilt.has(name)) report(`\`${name}\` is not built yet.`, false);
    else if (name === "cron") {
      const job = parseCronLine(command);
      if (typeof job === "string") report(job);
      else cron.push(job);
    } else if (seen.has(name)) report(`\`${name}\` is given twice, first on line ${seen.get(name)?.line}.`);
    else if (command === "") report(`\`${name}\` has no command.`);
    else if (command.length > commandMax) report(`The command of \`${name}\` is longer than ${commandMax} characters.`);
    else seen.set(name, { line, command });
  }

  const command = (name: string) => seen.get(name)?.command;
  const problemAt = (name: string, message: string) =>
    problems.push({ file: path, line: seen.get(name)?.line, message });
  const served = (["web", "wsgi", "asgi"] as const).filter((name) => seen.has(name));
  if (served[1] !== undefined) problemAt(served[1], `\`${served[0]}\` and \`${served[1]}\` exclude each other.`);
  for (const name of ["wsgi", "asgi"]) {
    const target = command(name);
    if (target !== undefined && !callable.test(target)) problemAt(name, `${quote(target)} is not \`module:callable\`.`);
  }
  const directory = command("static");
  if (directory !== undefined && innerPath(directory) === undefined) {
    problemAt("static", `${quote(directory)} is not a directory inside the app.`);
  }
  throwProblems(problems, "INVALID_PROCFILE");

  const special = new Set<string>([...hooks, "static", "wsgi", "asgi"]);
  const serve = served.find((name) => name !== "web");
  return {
    processes: Object.fromEntries(
      [...seen].filter(([name]) => !special.has(name)).map(([name, { command }]) => [name, command]),
    ),
    ...Object.fromEntries(hooks.filter((name) => seen.has(name)).map((name) => [name, command(name)])),
    ...(directory === undefined ? {} : { static: innerPath(directory) ?? "." }),
    cron,
    ...(serve === undefined ? {} : { serve: { interface: serve, target: command(serve) ?? "" } }),
  };
}

/** What is wrong is told as a sentence. */
function parseCronLine(text: string): CronLine | string {
  const words = text.split(/\s+/);
  const count = text.startsWith("@") ? 1 : 5;
  const schedule = words.slice(0, count).join(" ");
  const parsed = parseCronSchedule(schedule);
  if (typeof parsed === "string") return `The schedule of \`cron\` ${parsed}.`;
  // The command as it was written, not as its words.
  const command = text.replace(new RegExp(String.raw`^(?:\S+\s*){${count}}`), "");
  if (command === "") return "`cron` has no command after its schedule.";
  return command.length > commandMax
    ? `The command of \`cron\` is longer than ${commandMax} characters.`
    : { schedule, command };
}
