/** What `git` asks for over SSH, out of SSH_ORIGINAL_COMMAND. Nothing of it ever reaches a shell. */
import { type GitService, gitServices, appOfRepository } from "./api/git.ts";
import { AppError } from "./errors.ts";

export type GitCommand = { readonly service: GitService; readonly app: string };

/** Longer than any that git makes for a name of ours. */
const commandMax = 200;

/** As git quotes: the whole path in single quotes. A client may leave them out. `/~/` is what some URLs begin with. */
const form = /^git[- ](upload-pack|receive-pack) (?:'([^'\\!]*)'|([^'\\!\s]+))$/;

/** Throws DENIED for what is none of git's two commands, INVALID_APP_NAME for a path that is no app's. */
export function parseGitCommand(text: string): GitCommand {
  const refused = new AppError("DENIED", "A key opens git alone: pushes and fetches.", {
    hint: "`hop3 run` is for commands of an app.",
  });
  if (text.length > commandMax) throw refused;
  const [, verb, quoted, plain] = form.exec(text) ?? [];
  const service = gitServices.find((name) => name === `git-${verb}`);
  const path = quoted ?? plain;
  if (service === undefined || path === undefined) throw refused;
  const app = appOfRepository(path.replace(/^\//, ""));
  if (app === undefined)
    throw new AppError("INVALID_APP_NAME", "The address names no app.", {
      hint: "It reads hop3@SERVER:APP.git, and an app name has 2 to 64 lowercase letters, digits or hyphens.",
    });
  return { service, app };
}
