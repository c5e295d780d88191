/**
 * hop3d as it is, but it stops at a point of a deploy where a test has put a file, and goes on when that is gone; the file
 * `drain-seconds` says how long connections of a leaving instance may take, and `clock` by how many milliseconds its clock
 * is wrong.
 */
import { existsSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runHop3d } from "#cmd/wire/run-hop3d.ts";
import { systemClock } from "#sys/clock.ts";
import { clockOffset, faultsDirectory, reached } from "./points.ts";

const directory = faultsDirectory(dirname(process.env["HOP3_RUN_DIR"] ?? ""));

const drain = join(directory, "drain-seconds");

await runHop3d({
  clock: { ...systemClock, now: () => Date.now() + clockOffset(directory) },
  ...(existsSync(drain) ? { drainSeconds: Number(readFileSync(drain, "utf8")) } : {}),
  fault: async (point) => {
    const asked = join(directory, point);
    if (!existsSync(asked)) return;
    renameSync(asked, reached(asked));
    while (existsSync(reached(asked))) await delay(10);
  },
});
