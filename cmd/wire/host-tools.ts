/** The tools of this host that an installation uses, in the environment that they need and no more. */
import { AppError } from "#core/errors.ts";
import { takeLock } from "#supervisor/lock.ts";
import { exec } from "#sys/exec.ts";

/** The way to the package mirror goes with it. */
const proxies = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/** Packages may take a while to download. */
const patience = 15 * 60_000;

export function hostExec(argv: readonly string[]): ReturnType<typeof exec> {
  const env = Object.fromEntries(
    proxies.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
  return exec(argv, {
    env: { ...env, PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    cwd: "/",
    timeoutMs: patience,
  });
}

export async function showUnit(name: string): Promise<string> {
  const properties = "ActiveState,UnitFileState,NeedDaemonReload,MainPID";
  return (await hostExec(["systemctl", "show", `--property=${properties}`, name])).stdout;
}

/**
 * Two at once would each plan what the other does meanwhile, and take each other's drafts away. Throws CONFLICT while
 * another one works, whoever has begun it.
 */
export async function alone<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const lock = takeLock(path, "Another installation or removal of Hop3");
  try {
    return await work();
  } finally {
    lock.release();
  }
}

export function refuseNotRoot(what: string): void {
  if (process.getuid?.() === 0) return;
  throw new AppError("DENIED", `${what} changes users, services and packages of this host, which only root may.`, {
    hint: "Run it with sudo; --dry-run shows what it would do.",
  });
}
