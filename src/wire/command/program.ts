import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";

/** Exit statuses of a shell for what it cannot run. */
const cannotRun = 126;
const notFound = 127;

/** Why the program cannot be started, as a shell would say it; undefined when it can. */
export function cannotStart(
  program: string,
  path: string,
  cwd: string,
): { readonly code: number; readonly reason: string } | undefined {
  const places = program.includes("/") ? [""] : path.split(":");
  let found = false;
  for (const place of places) {
    const file = resolve(cwd, place, program);
    try {
      if (!statSync(file).isFile()) continue;
      found = true;
      accessSync(file, constants.X_OK);
      return undefined;
    } catch {
      // Perhaps in the next place.
    }
  }
  return found ? { code: cannotRun, reason: "permission denied" } : { code: notFound, reason: "command not found" };
}
