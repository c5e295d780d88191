/** Runs `cmd/prepare.ts` as the user of `hop3d`: root makes none of its files. */
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { ServerIds } from "#supervisor/server-folders.ts";
import { asUser } from "#sys/as-user.ts";
import { exec } from "#sys/exec.ts";
import { serverEnvironment, type ServerSettings } from "./settings.ts";

/**
 * What it printed, which for `token` is a secret. `code` is the directory of a Hop3 that this user can read: a checkout in
 * somebody's home often is not. Throws UNAVAILABLE with its reasons.
 */
export async function asHop3d(
  code: string,
  settings: ServerSettings,
  ids: ServerIds,
  ...args: string[]
): Promise<string> {
  const before = asUser({ uid: ids.hop3, gid: ids.hop3 }, [ids.files]);
  const done = await exec([...before, join(code, ".tools/bin/node"), join(code, "cmd/prepare.ts"), ...args], {
    env: { ...serverEnvironment(settings), HOME: settings.layout.hop3dHome, PATH: "/usr/bin:/bin" },
    cwd: "/",
    timeoutMs: 60_000,
  });
  if (done.exitCode === 0) return done.stdout.trim();
  throw new AppError("UNAVAILABLE", "hop3d's records could not be made.", {
    hint: done.stderr.trim().slice(-1000) || "Can the user hop3 read the directory that Hop3 lies in?",
  });
}
