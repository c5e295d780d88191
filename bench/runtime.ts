/**
 * What running costs: Granian as Hop3 starts it beside uWSGI, the whole stacks beside each other, the walls of system mode,
 * a supervisor with 200 processes, and the time from a crash to the next answer. Figures of one round are taken one after the
 * other, so only ratios within a round are claimed. `--quick` is for trying it out; `--only PART` runs one part.
 */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deployLive } from "../test/e2e/apps.ts";
import type { RunningPlatform } from "../test/e2e/platform.ts";
import { recipeInPlace } from "./by-hand.ts";
import { readOptions } from "./options.ts";
import { checkout, withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";
import { type DeployedPython, measureAppServers } from "./runtime/app-servers.ts";
import { measureCrashes } from "./runtime/crashes.ts";
import { makeDrive } from "./runtime/drive.ts";
import { findHostTools } from "./runtime/host-tools.ts";
import { measureLimit } from "./runtime/limit.ts";
import { measureMany } from "./runtime/many.ts";
import { servingUntil } from "./runtime/serving.ts";
import { measureStacks } from "./runtime/stacks.ts";
import { buildUwsgi } from "./runtime/uwsgi.ts";
import { measureWalls, withoutWalls } from "./runtime/walls.ts";

const parts = ["load", "supervisor", "app-servers", "stacks", "walls", "crashes"] as const;
type Part = (typeof parts)[number];

const { runs, json, quick, only } = readOptions(5, { parts });
const rounds = quick ? Math.min(runs, 2) : runs;
const wants = (part: Part) => only === undefined || only === part;

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort());

const tools = await findHostTools();
const directory = mkdtempSync(join(tmpdir(), "hop3-bench-"));
try {
  const drive = await makeDrive(tools.cc, directory);
  say("building uWSGI, which takes a minute the first time");
  const uwsgi = await buildUwsgi(tools, directory);
  const serve = servingUntil(stopping.signal);
  const place = { directory, drive, serve, uwsgi, nginx: tools.nginx, seconds: quick ? 1 : 3 };
  if (wants("load")) print(await measureLimit(place, rounds), json);
  if (only !== "load" && only !== "crashes")
    await withPlatform(async (platform) => {
      if (wants("supervisor")) print(await measureMany(platform, directory, quick ? 2 : 6), json);
      await deployLive(platform, join(checkout, "bench/apps/flask"), "flask");
      const app = deployed(platform, "flask");
      if (wants("app-servers")) print(await measureAppServers(app, place, rounds), json);
      const missing = withoutWalls();
      if (missing !== undefined) say(missing);
      else if (wants("walls")) print(await measureWalls(app, place, rounds), json);
      if (wants("stacks")) print(await measureStacks(platform, place, Math.ceil(rounds / 2)), json);
    });
  if (wants("crashes"))
    await withPlatform(
      async (platform) => {
        print(await measureCrashes(platform, directory, quick ? 10 : 100), json);
      },
      join(import.meta.dirname, "control/at-once.ts"),
    );
} finally {
  await rm(directory, { recursive: true, force: true });
}

function deployed(platform: RunningPlatform, app: string): DeployedPython {
  const { tree, cwd, env, processes } = recipeInPlace(platform, app, 1);
  const command = processes["web"];
  if (command === undefined) throw new Error(`${app} has no web process`);
  return { tree, cwd: join(tree, cwd), env, command };
}
