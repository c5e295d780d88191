/**
 * Fetches one commit of a repository by git itself: into an empty repository of its own, without history, hooks, helpers or
 * any configuration but ours, by https alone and through our way out (sys/outbound/way-out.ts), which looks at each address.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "#core/errors.ts";
import { shownRef } from "#core/git-ref.ts";
import { quote } from "#core/names.ts";
import { printable } from "#core/printable.ts";
import type { PullCredential } from "#store/sources.ts";
import { exec } from "#sys/exec.ts";
import { parseFetchUrl, shownUrl } from "#sys/outbound/fetch-url.ts";
import { isAllowedNear, pinnedAddress } from "#sys/outbound/pinned-address.ts";
import { openWayOut, type WayOut } from "#sys/outbound/way-out.ts";
import { archiveOf } from "../git/archive.ts";
import { checkCommit } from "../git/check-commit.ts";
import { gitEnvironment } from "../git/git-environment.ts";
import { makeRepository } from "../git/repository.ts";
import { pullMs, type Pulling } from "./pulling.ts";

export type GitPull = {
  readonly url: string;
  /** null for what the repository's HEAD names. */
  readonly ref: string | null;
  readonly credential: PullCredential | null;
};

type Options = {
  readonly pulling: Pulling;
  /** An empty directory of ours. */
  readonly folder: string;
  /** Most bytes that may be fetched. */
  readonly bytes: number;
  readonly signal: AbortSignal;
  readonly requireRoom: () => Promise<void>;
  /** Told every now and then how far it is. */
  readonly say: (detail: string) => Promise<void>;
};

export type GitPulled = {
  readonly commit: string;
  /** Its message's first line, made safe. */
  readonly subject: string;
  readonly archive: AsyncIterable<Uint8Array>;
};

/** Milliseconds between two looks at what has come. */
const lookMs = 1000;

const fetched = "refs/hop3/fetched";

/** Throws SOURCE_REFUSED, SOURCE_FAILED, TOO_LARGE, INVALID_SOURCE, DISK_FULL, CANCELED. */
export async function pullGit(pull: GitPull, options: Options): Promise<GitPulled> {
  const { pulling, folder, signal } = options;
  const url = await checkedUrl(pull.url, pulling);
  const repository = await makeRepository(join(folder, "repository"), pulling.git);
  const way = await openWayOut(pulling.rules);
  try {
    await fetchInto(repository.directory, url, pull, way, options);
  } finally {
    way.close();
  }
  signal.throwIfAborted();
  const { stdout } = await repository.run("rev-parse", "--verify", "--end-of-options", `${fetched}^{commit}`);
  const commit = stdout.trim();
  if (!/^[0-9a-f]{40,64}$/.test(commit)) throw failed(url, `${shownRef(pull.ref)} is not a commit`);
  await checkCommit(repository, commit);
  const log = await repository.run("log", "-1", "--no-show-signature", "--format=%s", commit);
  const subject = printable(log.stdout.split("\n")[0]?.slice(0, 72) ?? "");
  return { commit, subject, archive: archiveOf(repository, commit) };
}

/** Throws NOT_BUILT_YET for ssh, SOURCE_REFUSED for what is no https address, or has a query. */
export function parseGitUrl(text: string): URL {
  if (/^(ssh:|git@|[\w.-]+@[\w.-]+:)/.test(text)) {
    throw new AppError("NOT_BUILT_YET", "The server does not fetch by ssh yet.", {
      hint: "Use the repository's https address; `hop3 git source set URL --token` keeps a token for a private one.",
    });
  }
  const url = parseFetchUrl(text);
  if (url.search !== "" || url.hash !== "") {
    throw new AppError(
      "SOURCE_REFUSED",
      `${shownUrl(url)} has something behind a ? or #; a repository's address has not.`,
    );
  }
  return url;
}

async function checkedUrl(text: string, { rules }: Pulling): Promise<URL> {
  const url = parseGitUrl(text);
  const address = await pinnedAddress(url.hostname, rules);
  if (url.protocol !== "https:" && !isAllowedNear(address, rules)) {
    throw new AppError("SOURCE_REFUSED", `${shownUrl(url)} would come in clear: anybody on the way could change it.`, {
      hint: "Write https://.",
    });
  }
  return url;
}

async function fetchInto(
  directory: string,
  url: URL,
  { ref, credential }: GitPull,
  way: WayOut,
  { pulling, bytes, signal, requireRoom, say }: Options,
): Promise<void> {
  const limit = new AbortController();
  const ended = AbortSignal.any([signal, limit.signal]);
  const env = pullEnvironment(directory, url, credential, way, pulling);
  const argv = [
    "git",
    "fetch",
    "--quiet",
    "--depth=1",
    "--no-tags",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--end-of-options",
    url.href,
    `+${ref ?? "HEAD"}:${fetched}`,
  ];
  const over = new AbortController();
  const watching = watch(directory, bytes, AbortSignal.any([over.signal, signal]), requireRoom, say).catch(
    (error: unknown) => limit.abort(error),
  );
  try {
    const result = await exec(argv, { cwd: directory, env, timeoutMs: pullMs, signal: ended });
    if (result.timedOut) throw failed(url, `it took longer than ${pullMs / 60_000} minutes`);
    if (result.exitCode !== 0) throw way.refusal() ?? refusedByGit(url, ref, credential !== null, result.stderr);
    requireSmall(await bytesBelow(directory), bytes);
  } finally {
    over.abort();
    await watching;
  }
}

/** Until `over` is aborted. Rejects when more has come than may, or the disk fills. */
async function watch(
  directory: string,
  bytes: number,
  over: AbortSignal,
  requireRoom: () => Promise<void>,
  say: (detail: string) => Promise<void>,
): Promise<void> {
  for (let told = 0, looks = 1; !over.aborted; looks += 1) {
    const has = await bytesBelow(directory);
    requireSmall(has, bytes);
    if (looks % 5 === 0) await requireRoom();
    if (has > told + 5_000_000) {
      told = has;
      await say(`${Math.round(has / 1_000_000)} MB`);
    }
    await delay(lookMs, undefined, { signal: over }).catch(() => undefined);
  }
}

function requireSmall(has: number, bytes: number): void {
  if (has > bytes) throw new AppError("TOO_LARGE", `The repository brings more than ${bytes} bytes.`);
}

async function bytesBelow(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The secret of the way out and the credential are in the environment alone, which only our own user can see. */
function pullEnvironment(
  directory: string,
  url: URL,
  credential: PullCredential | null,
  way: WayOut,
  { git, authorities }: Pulling,
): Record<string, string> {
  const base = gitEnvironment(git, { GIT_DIR: directory });
  const basic = credential === null ? "" : Buffer.from(`${credential.user}:${credential.token}`).toString("base64");
  const more: [string, string][] = [
    ["http.proxyAuthMethod", "basic"],
    ["credential.helper", ""],
    ["core.askPass", ""],
    // A redirect is looked at by the way out; a credential goes nowhere but where it was given for.
    ["http.followRedirects", credential === null ? "initial" : "false"],
    ["http.lowSpeedLimit", "1000"],
    ["http.lowSpeedTime", "60"],
    ["fetch.fsckObjects", "true"],
    ["fetch.fsck.zeroPaddedFilemode", "ignore"],
    ["fetch.fsck.missingSpaceBeforeDate", "ignore"],
    ["fetch.fsck.badTimezone", "ignore"],
    ["fetch.unpackLimit", "1"],
    ...(credential === null
      ? []
      : [[`http.${url.protocol}//${url.host}/.extraHeader`, `Authorization: Basic ${basic}`] as [string, string]]),
  ];
  const first = Number(base["GIT_CONFIG_COUNT"]);
  const settings = more.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${first + index}`, name],
    [`GIT_CONFIG_VALUE_${first + index}`, value],
  ]);
  return {
    ...base,
    ...(Object.fromEntries(settings) as Record<string, string>),
    GIT_CONFIG_COUNT: String(first + more.length),
    GIT_ALLOW_PROTOCOL: url.protocol === "https:" ? "https" : "http",
    GIT_ASKPASS: "",
    LANG: "C",
    LC_ALL: "C",
    http_proxy: way.url,
    https_proxy: way.url,
    ...(authorities === undefined ? {} : { GIT_SSL_CAINFO: authorities }),
  };
}

/** What git said, as what it means. Its words hold what the other side says, and are shown only made safe. */
function refusedByGit(url: URL, ref: string | null, hasCredential: boolean, stderr: string): AppError {
  const said = stderr.split("\n").filter((line) => /^(fatal|error|remote): /.test(line));
  const cause = new Error(stderr.slice(-2000));
  if (
    /could not read (Username|Password)|Authentication failed|The requested URL returned error: 40[13]/.test(stderr)
  ) {
    const hint = hasCredential
      ? "Is its token still good, and may it read this repository? `hop3 git source set URL --token` gives another."
      : "Is the address right? For a private one `hop3 git source set URL --token` keeps a token.";
    return new AppError("SOURCE_FAILED", `${shownUrl(url)} is not open to this server.`, { hint, cause });
  }
  if (/couldn't find remote ref|not our ref|no matching remote head/i.test(stderr)) {
    return new AppError("SOURCE_FAILED", `${shownUrl(url)} has no ${quote(shownRef(ref))}.`, { cause });
  }
  const last = printable(said.at(-1)?.slice(0, 200) ?? "git could not fetch it");
  return new AppError("SOURCE_FAILED", `${shownUrl(url)} could not be fetched: ${last}`, { cause });
}

function failed(url: URL, why: string): AppError {
  return new AppError("SOURCE_FAILED", `${shownUrl(url)} could not be fetched: ${why}.`);
}
