/**
 * From the start of the supervisor after a reboot to the answers of twenty apps through the edge: everything was killed, the
 * run directory is gone and what is written down is of another boot. What a kernel needs to come so far is not in it.
 */
import { deployTwenty, reboot, twentyApps, untilAllAnswer } from "../test/e2e/reboot.ts";
import { readOptions } from "./options.ts";
import { withPlatform } from "./platform.ts";
import { print, say } from "./report.ts";
import { spread, summarize, verdict } from "./statistics.ts";

/** Milliseconds. */
const goal = 20_000;
const patience = 120_000;

const { runs, json } = readOptions(10);
const samples: number[][] = [];

await withPlatform(async (platform) => {
  await deployTwenty(platform);
  for (let run = 1; run <= runs; run += 1) {
    await reboot(platform);
    const [, answered] = await Promise.all([platform.startAgain(), untilAllAnswer(platform, patience)]);
    samples.push(answered);
    say(`run ${run} of ${runs} done: ${Math.round(answered.at(-1) ?? 0)} ms`);
  }
});

const nth = (index: number) => summarize(samples.map((answered) => answered.at(index) ?? Number.NaN));
print(
  {
    name: "reboot",
    columns: ["answers", "ms, median (min to max)", "goal"],
    rows: [
      ["the first app", spread(nth(0)), ""],
      ["the tenth", spread(nth(9)), ""],
      [`all ${twentyApps.length}`, spread(nth(-1)), `<= ${goal} ms: ${verdict(nth(-1), goal)}`],
    ],
    notes: [
      `${runs} reboots. In: the start of the supervisor, Caddy and hop3d, of nine apps in Python, eight in Node and five workers of theirs, three sites, and of each a request through the edge every 50 ms until it was answered. Out: the kernel and what else a host starts.`,
    ],
    samples,
  },
  json,
);
