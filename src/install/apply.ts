/** Carries a plan out, action by action. What is written is there whole or not at all; nothing is begun that the next run could not finish. */
import { chmodSync, chownSync, copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { ExecResult } from "#core/plugin.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import type { Bundle } from "./bundle.ts";
import type { Action, Step } from "./step.ts";

export type ApplyOptions = {
  readonly exec: (argv: readonly string[]) => Promise<ExecResult>;
  readonly bundles: readonly Bundle[];
  /** Told each action before it is done. */
  readonly onAction: (step: Step, action: Action) => void;
};

/** Throws UNAVAILABLE with the last words of a command that failed; what was done before it stays. */
export async function applySteps(steps: readonly Step[], options: ApplyOptions): Promise<void> {
  for (const step of steps) {
    for (const action of step.actions) {
      options.onAction(step, action);
      await apply(action, options);
    }
  }
}

async function apply(action: Action, { exec, bundles }: ApplyOptions): Promise<void> {
  switch (action.do) {
    case "run":
      return await run(action, exec);
    case "directory":
      mkdirSync(action.path, { recursive: true });
      return give(action.path, action.mode);
    case "file":
      writeFileAtomic(action.path, action.content, action.mode);
      return give(action.path, action.mode);
    case "link":
      return linkTo(action.path, action.to);
    case "copy": {
      const found = bundles.find(({ name }) => name === action.bundle);
      if (found === undefined) throw new TypeError(`there is no ${action.bundle}`);
      return copyBundle(found, action.path);
    }
    case "remove":
      return rmSync(action.path, { recursive: true, force: true });
  }
}

async function run({ argv, again, accepts = [] }: Action & { do: "run" }, exec: ApplyOptions["exec"]): Promise<void> {
  const isFine = ({ exitCode }: ExecResult): boolean => exitCode === 0 || accepts.includes(exitCode ?? -1);
  let done = await exec(argv);
  if (!isFine(done) && again !== undefined) {
    await exec(again);
    done = await exec(argv);
  }
  if (isFine(done)) return;
  const said = `${done.stdout}\n${done.stderr}`.trim().split("\n").slice(-8);
  throw new AppError("UNAVAILABLE", `${argv.slice(0, 3).join(" ")} failed (${done.exitCode ?? done.signal}).`, {
    hint: "Look at what it said; the next run goes on from here.",
    details: said,
  });
}

function give(path: string, mode: number): void {
  chownSync(path, 0, 0);
  chmodSync(path, mode);
}

/** By a rename, so that there is never a moment without it. */
function linkTo(path: string, to: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.begun`;
  rmSync(draft, { force: true });
  symlinkSync(to, draft);
  renameSync(draft, path);
}

/** Beside its place first: what carries the name is complete. */
function copyBundle({ entries }: Bundle, path: string): void {
  const draft = `${path}.begun`;
  rmSync(draft, { recursive: true, force: true });
  const made = new Set<string>();
  const makeParent = (file: string): void => {
    const directory = dirname(file);
    if (made.has(directory)) return;
    if (directory.length > draft.length) makeParent(directory);
    mkdirSync(directory, { recursive: true });
    give(directory, 0o755);
    made.add(directory);
  };
  for (const entry of entries) {
    const to = join(draft, entry.path);
    makeParent(to);
    if ("to" in entry) symlinkSync(entry.to, to);
    else {
      copyFileSync(entry.from, to);
      give(to, entry.executable ? 0o755 : 0o644);
    }
  }
  renameSync(draft, path);
}
