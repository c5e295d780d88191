/** Who stands behind a command that root runs by sudo: the person whose client the server's token is for. */
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { readAccounts, type Account } from "#sys/accounts.ts";
import { asUser } from "#sys/as-user.ts";
import { exec } from "#sys/exec.ts";

import { localServer } from "./local-context.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** By the name that sudo tells, else root. Throws UNAVAILABLE where that account is not in /etc/passwd. */
export function invokingPerson(env: Environment): Account {
  const { users } = readAccounts();
  const name = env["SUDO_USER"] || "root";
  const found = users.find((one) => one.name === name);
  if (found === undefined) throw new AppError("UNAVAILABLE", `There is no user ${name} in /etc/passwd.`);
  return found;
}

/**
 * Gives the person a token for the server at `url`, unless the one they have works. Everything in their home is read and
 * written by themselves: root would follow any link that is put there. `code` is the directory of a Hop3 that they can read. Says what was done; undefined for nothing.
 */
export async function logInPerson(
  code: string,
  person: Account,
  url: string,
  issue: () => Promise<string>,
): Promise<string | undefined> {
  const hop3 = (args: readonly string[], env: Readonly<Record<string, string>>, input?: string) =>
    exec([...asUser(person, "their own"), join(code, ".tools/bin/node"), join(code, "cmd/hop3.ts"), ...args], {
      cwd: "/",
      env: { HOME: person.home, PATH: "/usr/bin:/bin", ...env },
      timeoutMs: 60_000,
      ...(input === undefined ? {} : { input }),
    });
  if ((await hop3(["whoami", "--quiet"], { HOP3_API_URL: url })).exitCode === 0) return undefined;
  const token = await issue();
  const done = await hop3(["login", url, "--server", localServer, "--token-stdin"], {}, token);
  if (done.exitCode === 0) return `The client of ${person.name} has a token for ${url}.`;
  return `The client of ${person.name} could not be given a token: ${done.stderr.trim()}`;
}
