import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { AppError, isNodeError } from "#core/errors.ts";
import { isAlive, readProcStat } from "./output/proc-stat.ts";
import { readBootId } from "./output/status-file.ts";

/**
 * One supervisor a root, for two would end each other's processes, and one installation a host: `whose` is who may be there
 * once, as a message begins with it. Throws CONFLICT while another one lives.
 */
export function takeLock(path: string, whose: string): { release(): void } {
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
      throw new AppError("CONFLICT", `${whose} runs already (pid ${pid}).`, {
        hint: "Stop it first, or wait for its end.",
      });
    }
    rmSync(path, { force: true });
  }
  throw new AppError("CONFLICT", `${whose} starts at this very moment, too.`, { hint: "Try again." });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
