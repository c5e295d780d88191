/**
 * What is typed most, each loaded alone: the whole table takes longer to load than most of these take to run. Whatever is not
 * here, or not written just so, is looked up in the table, with the same result.
 */
import type { Command } from "./define-command.ts";

export const quickCommands: Readonly<Record<string, () => Promise<Command>>> = {
  apps: async () => (await import("./commands/app/list.ts")).appList,
  status: async () => (await import("./commands/app/status.ts")).appStatus,
  logs: async () => (await import("./commands/app/logs.ts")).appLogs,
  run: async () => (await import("./commands/app/run.ts")).appRun,
  restart: async () => (await import("./commands/app/restart.ts")).appRestart,
  deploy: async () => (await import("./commands/app/deploy.ts")).deploy,
  ps: async () => (await import("./commands/ps/list.ts")).ps,
  open: async () => (await import("./commands/app/open.ts")).appOpen,
  whoami: async () => (await import("./commands/tool/whoami.ts")).whoami,
  version: async () => (await import("./commands/tool/version.ts")).version,
  "app list": async () => (await import("./commands/app/list.ts")).appList,
  "app status": async () => (await import("./commands/app/status.ts")).appStatus,
  "app logs": async () => (await import("./commands/app/logs.ts")).appLogs,
  "app run": async () => (await import("./commands/app/run.ts")).appRun,
  "env get": async () => (await import("./commands/env/get.ts")).envGet,
  "env show": async () => (await import("./commands/env/show.ts")).envShow,
  "env set": async () => (await import("./commands/env/set.ts")).envSet,
};

/** The command, when the line begins with just its words; undefined when only the table can tell. */
export async function quickCommand(line: readonly string[]): Promise<Command | undefined> {
  const [first = "", second = "-"] = line;
  // `ps scale` is another command than `ps`: a word alone counts only before a flag, or at the end.
  const key = second.startsWith("-") ? first : `${first} ${second}`;
  return Object.hasOwn(quickCommands, key) ? quickCommands[key]?.() : undefined;
}
