import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { AppError, isNodeError } from "#core/errors.ts";
import { isAlive, readProcStat } from "./output/proc-stat.ts";
import { readBootId } from "./output/status-file.ts";

/** One supervisor a root: two would end each other's processes. Throws CONFLICT while another one lives. */
export function takeLock(path: string): { release(): void } {
  const self = readProcStat(process.pid);
  const content = `${process.pid} ${self?.startTime ?? 0} ${readBootId()}`;
  for (let turn = 0; turn < 5; turn += 1) {
    try {
      writeFileSync(path, content, { flag: "wx", mode: 0o600 });
      return {
        release: () => {
          if (read(path) === content) rmSync(path, { force: true });
        },
      };
    } catch (error) {
      if (!isNodeError(error) || error.code !== "EEXIST") throw error;
    }
    const [pid, startTime, bootId] = (read(path) ?? "").split(" ");
    if (bootId === readBootId() && isAlive({ pid: Number(pid), startTime: Number(startTime) })) {
      throw new AppError("CONFLICT", `A supervisor of this root runs already (pid ${pid}).`, {
        hint: "Stop it first.",
      });
    }
    rmSync(path, { force: true });
  }
  throw new AppError("CONFLICT", "Another supervisor of this root starts at this very moment.", { hint: "Try again." });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
