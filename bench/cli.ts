/**
 * How long the CLI takes, whole process, from the start of the program to its end: `hop3 --version`, and `hop3 apps` against
 * a running platform with an app, as packed (what `npm pack` publishes) and by the launcher of this checkout, each beside a
 * bare `node -e 0` of the same Node. They take turns.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readOptions } from "./options.ts";
import { checkout, hop3, startEnvironment, timed, withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";
import { spread, summarize, verdict } from "./statistics.ts";

/** Milliseconds. */
const versionGoal = 80;
const appsGoal = 150;

const { runs, json } = readOptions(20);
const samples = {
  node: [] as number[],
  version: [] as number[],
  apps: [] as number[],
  checkoutVersion: [] as number[],
  checkoutApps: [] as number[],
};

const packed = mkdtempSync(join(tmpdir(), "hop3-packed-"));
try {
  await timed([process.execPath, join(checkout, "scripts/bundle.js"), "--out", join(packed, "dist")], startEnvironment);
  // As in the package: without it Node looks into each file for which kind of module it is.
  copyFileSync(join(checkout, "package.json"), join(packed, "package.json"));
  await withPlatform(async (platform) => {
    await hop3(platform, "deploy", join(checkout, "examples/site"), "--yes");
    const environment = {
      ...startEnvironment,
      NODE_COMPILE_CACHE: join(packed, "cache"),
      HOP3_API_URL: `http://127.0.0.1:${platform.settings.apiPort}`,
      HOP3_API_TOKEN: platform.token,
    };
    const client = (...args: readonly string[]) =>
      timed([process.execPath, join(packed, "dist/hop3.js"), ...args], environment);
    const round = async () => ({
      node: await timed([process.execPath, "-e", "0"], startEnvironment),
      version: await client("--version"),
      apps: await client("apps"),
      checkoutVersion: await hop3(platform, "--version"),
      checkoutApps: await hop3(platform, "apps"),
    });
    // Fills the compile caches.
    await round();
    for (let run = 0; run < runs; run += 1) {
      const took = await round();
      for (const name of Object.keys(samples) as (keyof typeof samples)[]) samples[name].push(took[name]);
    }
    say(`${runs} rounds done`);
  });
} finally {
  rmSync(packed, { recursive: true, force: true });
}

const row = (name: string, values: readonly number[], goal?: number): string[] => {
  const summary = summarize(values);
  return [name, spread(summary), goal === undefined ? "" : `<= ${goal} ms: ${verdict(summary, goal)}`];
};
print(
  {
    name: "cli",
    columns: ["command", "ms, median (min to max)", "goal"],
    rows: [
      row("`node -e 0`", samples.node),
      row("`hop3 --version`, packed", samples.version, versionGoal),
      row("`hop3 apps`, one app, packed", samples.apps, appsGoal),
      row("`hop3 --version`, launcher of this checkout", samples.checkoutVersion, versionGoal),
      row("`hop3 apps`, one app, launcher of this checkout", samples.checkoutApps, appsGoal),
    ],
    notes: [
      `${runs} runs each. In: start of the process, its work, its end. Packed: the bundle that npm publishes, by its launcher; of this checkout: bin/hop3 (sh, then node, then the sources).`,
    ],
    samples,
  },
  json,
);
