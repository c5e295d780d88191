/**
 * For system mode, as the user of `hop3d`: makes what must exist before the supervisor starts. `token NAME` prints a new
 * token of an admin instead, for the person on this host that NAME says; `admin NAME` lets that admin in again. Who may
 * become the user of `hop3d` is an admin already.
 */
import { toAppError } from "#core/errors.ts";
import { issueToken, prepareRecords, recoverAdminHere } from "#cmd/wire/prepare.ts";
import { readServerSettings } from "#cmd/wire/settings.ts";
import { version } from "#cmd/wire/version.ts";

const [what, name = ""] = process.argv.slice(2);

process.umask(0o027);
try {
  const settings = readServerSettings(process.env, process.getuid?.() ?? 0);
  if (what === "token") process.stdout.write(`${await issueToken(settings, version, name)}\n`);
  else if (what === "admin") {
    process.stdout.write(`${JSON.stringify(await recoverAdminHere(settings, version, name))}\n`);
  } else await prepareRecords(settings, version);
} catch (thrown) {
  const error = toAppError(thrown);
  const cause = error.cause instanceof Error ? `\n${error.cause.message}` : "";
  process.stderr.write(`${error.message}\n${error.hint}${cause}\n`);
  process.exitCode = 1;
}
