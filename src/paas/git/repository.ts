/** The repository of an app: a bare one of hop3d's own, with the app's whole history. Clients meet it through git alone. */
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import type { Layout } from "#core/layout.ts";
import type { ExecResult } from "#core/plugin.ts";
import { exec } from "#sys/exec.ts";
import { startStreamProcess, type StreamProcess } from "#sys/stream-process.ts";
import { gitEnvironment, hiddenRefs, type GitPlace } from "./git-environment.ts";
import { branchRef } from "./judge-push.ts";

/** Milliseconds for what only looks or changes a ref. */
const patience = 60_000;

export type Repository = {
  readonly directory: string;
  /** Runs git in it; a non-zero exit is a result. */
  run(...args: readonly string[]): Promise<ExecResult>;
  /** With something to read. */
  runWith(input: string, ...args: readonly string[]): Promise<ExecResult>;
  /** Started, and spoken with. */
  start(argv: readonly string[], extra?: Readonly<Record<string, string>>): StreamProcess;
};

export function repositoryAt(directory: string, place: GitPlace): Repository {
  const env = gitEnvironment(place, { GIT_DIR: directory });
  return {
    directory,
    run: (...args) => exec(["git", ...args], { cwd: directory, env, timeoutMs: patience }),
    runWith: (input, ...args) => exec(["git", ...args], { cwd: directory, env, timeoutMs: patience, input }),
    start: (argv, extra) => startStreamProcess(argv, { cwd: directory, env: { ...env, ...extra } }),
  };
}

/** Makes it where there is none. Whole or not at all: a rename puts it in its place. Throws UNAVAILABLE without git. */
export async function makeRepository(directory: string, place: GitPlace): Promise<Repository> {
  const repository = repositoryAt(directory, place);
  if (existsSync(join(directory, "HEAD"))) return repository;
  const draft = `${directory}.begun`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const made = await exec(["git", "init", "--bare", "--quiet", "--template=", draft], {
    cwd: draft,
    env: gitEnvironment(place),
    timeoutMs: patience,
  }).catch((cause: unknown) => {
    throw new AppError("UNAVAILABLE", "This server has no git.", { hint: "Install git on the server.", cause });
  });
  if (made.exitCode !== 0)
    throw new AppError("UNAVAILABLE", "A repository could not be made.", { cause: new Error(made.stderr) });
  // What is deployed is what was committed: attributes that are meant for release archives do not hold here.
  await mkdir(join(draft, "info"), { recursive: true });
  await writeFile(join(draft, "info/attributes"), "* -export-ignore -export-subst\n");
  await rename(draft, directory);
  return repository;
}

/** By a rename first, for what is half there is no repository. */
export async function removeRepository({ repository }: Pick<Layout, "repository">, app: string): Promise<void> {
  const remains = `${repository(app)}.gone`;
  await rm(remains, { recursive: true, force: true, maxRetries: 3 });
  await rename(repository(app), remains).catch((error: unknown) => {
    if (!isNodeError(error) || error.code !== "ENOENT") throw error;
  });
  await rm(remains, { recursive: true, force: true, maxRetries: 3 });
}

/** The commit that a branch is at; null for none. */
export async function tipOf(repository: Repository, branch: string): Promise<string | null> {
  const { exitCode, stdout } = await repository.run(
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    branchRef(branch),
  );
  return exitCode === 0 ? stdout.trim() : null;
}

/** The branch that a clone checks out. */
export async function pointHead(repository: Repository, branch: string): Promise<void> {
  await must(repository.run("symbolic-ref", "HEAD", branchRef(branch)));
}

/** Moves a branch; quiet when it is there already. */
export async function moveBranch(repository: Repository, branch: string, commit: string): Promise<void> {
  if ((await tipOf(repository, branch)) === commit) return;
  await must(repository.run("update-ref", branchRef(branch), commit));
}

/** Keeps what a forced push takes out of a branch. */
export async function keepReplaced(repository: Repository, from: string, to: string): Promise<void> {
  const { exitCode } = await repository.run("merge-base", "--is-ancestor", from, to);
  if (exitCode !== 0) await must(repository.run("update-ref", `${hiddenRefs}/replaced/${from}`, from));
}

async function must(running: Promise<ExecResult>): Promise<ExecResult> {
  const done = await running;
  if (done.exitCode === 0) return done;
  throw new AppError("UNAVAILABLE", "git could not change the app's repository.", {
    hint: "`hop3 system logs` has what it said.",
    cause: new Error(done.stderr.slice(-2000)),
  });
}
