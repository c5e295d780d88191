/** A build step that is one of the user's own lines. */
import type { BuildStep, ShellCommand } from "./records.ts";

/** Seconds that a build step may take. */
export const stepTimeout = 30 * 60;

/** The user's own line is run by a shell, as the app: that is what it is for. */
export function shellStep(name: string, line: ShellCommand): BuildStep {
  return { name, argv: ["/bin/sh", "-c", line], cwd: ".", timeout: stepTimeout };
}
