/**
 * How long the CLI takes, whole process, from the start of the program to its end: `hop3 --version`, and `hop3 apps`
 * against a running platform with an app, each beside a bare `node -e 0` of the same Node. The three take turns.
 */
import { join } from "node:path";
import { readOptions } from "./options.ts";
import { checkout, hop3, startEnvironment, timed, withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";
import { spread, summarize, verdict } from "./statistics.ts";

/** Milliseconds. */
const versionGoal = 80;

const { runs, json } = readOptions(20);
const samples = { node: [] as number[], version: [] as number[], apps: [] as number[] };

await withPlatform(async (platform) => {
  await hop3(platform, "deploy", join(checkout, "examples/site"), "--yes");
  const round = async () => ({
    node: await timed([process.execPath, "-e", "0"], startEnvironment),
    version: await hop3(platform, "--version"),
    apps: await hop3(platform, "apps"),
  });
  // Fills the compile cache.
  await round();
  for (let run = 0; run < runs; run += 1) {
    const { node, version, apps } = await round();
    samples.node.push(node);
    samples.version.push(version);
    samples.apps.push(apps);
  }
  say(`${runs} rounds done`);
});

const [node, version, apps] = [samples.node, samples.version, samples.apps].map(summarize);
if (node === undefined || version === undefined || apps === undefined) throw new Error("nothing was measured");
print(
  {
    name: "cli",
    columns: ["command", "ms, median (min to max)", "goal"],
    rows: [
      ["`node -e 0`", spread(node), ""],
      ["`hop3 --version`", spread(version), `<= ${versionGoal} ms: ${verdict(version, versionGoal)}`],
      ["`hop3 apps`, one app", spread(apps), ""],
    ],
    notes: [
      `${runs} runs each. In: start of the process, its work, its end. bin/hop3 is the launcher of this checkout (sh, then node).`,
    ],
    samples,
  },
  json,
);
