/** How git is run here: an environment of its own, and settings that no file of the host and no repository changes. */
import { receiveLimits } from "../deploy/receive.ts";

export type GitPlace = {
  /** Where our hooks are. */
  readonly hooks: string;
  /** Of hop3d's own environment: PATH, and the mark by which the supervisor finds what a killed hop3d has left. */
  /** The program, with its arguments, that sshd runs for a key; the fingerprint comes behind them. */
  readonly relay: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
};

/** Refs that a client never sees: commits that a forced push took out of a branch stay reachable by them. */
export const hiddenRefs = "refs/hop3";

const settings: readonly (readonly [name: string, value: string])[] = [
  ["receive.fsckObjects", "true"],
  // Of old histories, harmless, and not to be mended without a new history: others accept them, too.
  ["receive.fsck.zeroPaddedFilemode", "ignore"],
  ["receive.fsck.missingSpaceBeforeDate", "ignore"],
  ["receive.fsck.badTimezone", "ignore"],
  ["receive.maxInputSize", String(receiveLimits.bytes)],
  // A background process would outlive the push.
  ["receive.autogc", "false"],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["transfer.hideRefs", hiddenRefs],
  ["http.receivepack", "true"],
  // Memory that a clone or a push may take.
  ["core.bigFileThreshold", "32m"],
  ["pack.threads", "1"],
  ["pack.windowMemory", "64m"],
  ["pack.deltaCacheSize", "32m"],
  ["init.defaultBranch", "main"],
];

/** All that a git process finds in its environment. */
export function gitEnvironment(
  { hooks, environment }: GitPlace,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const all = [...settings, ["core.hooksPath", hooks] as const];
  return {
    ...environment,
    HOME: "/nonexistent",
    LANG: "C.UTF-8",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([name, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, name],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
    ...extra,
  };
}
