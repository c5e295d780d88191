/** `hop3 server admin`: the way back in, for who has the host. */
import { existsSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import { isUserName, quote } from "#core/names.ts";
import type { Recovered } from "#cli/server-host.ts";
import { asHop3d } from "./as-hop3d.ts";
import { recoverAdminHere } from "./prepare.ts";
import { withServerFile } from "./server-env.ts";
import { readServerSettings } from "./settings.ts";
import { systemIds } from "./system-ids.ts";
import { code } from "./system-mode.ts";
import { version } from "./version.ts";

/** Root has a server of system mode unless HOP3_MODE says otherwise. Throws INVALID_INPUT, CONFLICT, UNAVAILABLE. */
export async function recoverServerAdmin(
  environment: Readonly<Record<string, string | undefined>>,
  uid: number,
  name: string,
): Promise<Recovered> {
  // Before it is an argument of a process: what was typed may be anything.
  if (!isUserName(name)) throw new AppError("INVALID_INPUT", `${quote(name)} is not a valid user name.`);
  const isSystem = (environment["HOP3_MODE"] || (uid === 0 ? "system" : "user")) === "system";
  const env = isSystem ? withServerFile({ ...environment, HOP3_MODE: "system" }) : environment;
  const settings = readServerSettings(env, uid);
  // Which server it is, is known by its key; without it this would make another one.
  if (!existsSync(settings.layout.masterKey)) {
    throw new AppError("UNAVAILABLE", `There is no server's data in ${quote(settings.layout.root)}.`, {
      hint: isSystem
        ? "`sudo hop3 server install` installs a server; as root HOP3_MODE=user means one of `npm start`."
        : "Go to where `npm start` was said, or set HOP3_ROOT; a server in system mode needs sudo.",
    });
  }
  if (!isSystem) return recoverAdminHere(settings, version, name);
  return JSON.parse(await asHop3d(code, settings, systemIds(), "admin", name)) as Recovered;
}
