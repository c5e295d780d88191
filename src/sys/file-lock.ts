/** One at a time, among all processes of a user, for the while of changing a file: a lock file beside it. */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { type Clock, systemClock } from "./clock.ts";

/** Milliseconds to wait for whoever has it, and after which a lock is taken for forgotten; what is done under it takes a few. */
const patience = 5000;
const forgottenAfter = 10_000;
const waitMs = 20;

/** Throws UNAVAILABLE when somebody keeps it. A lock whose process is gone is taken over. */
export async function withFileLock<Result>(
  path: string,
  work: () => Result | Promise<Result>,
  clock: Clock = systemClock,
): Promise<Result> {
  const lock = `${path}.lock`;
  mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
  const deadline = clock.elapsed() + patience;
  while (!take(lock)) {
    if (isForgotten(lock)) breakOpen(lock);
    if (clock.elapsed() > deadline) {
      throw new AppError("UNAVAILABLE", `${path} is being changed by another process.`, {
        hint: `Try again; if nothing runs, remove ${lock}.`,
      });
    }
    await clock.sleep(waitMs);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock: string): boolean {
  try {
    const file = openSync(lock, "wx", 0o600);
    try {
      writeSync(file, String(process.pid));
    } finally {
      closeSync(file);
    }
    return true;
  } catch (error) {
    if (isNodeError(error) && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Two who find it forgotten must not remove each other's: only who has the second lock removes, and looks once more. */
function breakOpen(lock: string): void {
  const breaking = `${lock}.break`;
  if (!take(breaking)) {
    if (isForgotten(breaking)) rmSync(breaking, { force: true });
    return;
  }
  if (isForgotten(lock)) rmSync(lock, { force: true });
  rmSync(breaking, { force: true });
}

function isForgotten(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    if (Date.now() - statSync(lock).mtimeMs > forgottenAfter) return true;
    // Empty while its maker writes.
    if (!Number.isInteger(pid) || pid <= 0) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return isNodeError(error) && error.code === "ESRCH";
  }
}
