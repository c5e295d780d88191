import { rmSync } from "node:fs";
import { exec } from "#sys/exec.ts";

/** Removes a test's directory with the sealed trees in it, whoever runs the test. */
export async function removeRoot(directory: string): Promise<void> {
  await exec(["/bin/chmod", "-R", "u+w", "--", directory]);
  rmSync(directory, { recursive: true, force: true });
}
