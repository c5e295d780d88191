/** What the supervisor takes for 200 processes that do nothing. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { protocolVersion } from "#supervisor/protocol.ts";
import { deployLive, eventually } from "../../test/e2e/apps.ts";
import type { RunningPlatform } from "../../test/e2e/platform.ts";
import { cpuSecondsOf, pssOf } from "../processes.ts";
import { type Report, say } from "../report.ts";
import { spread, summarize } from "../statistics.ts";

const apps = ["many1", "many2", "many3", "many4"];
const each = 50;

/** Seconds until it counts as idle, and of one look. */
const settle = 10;
const look = 3;

type Look = { readonly pss: number; readonly cpu: number };

export async function measureMany(platform: RunningPlatform, directory: string, looks: number): Promise<Report> {
  const source = join(directory, "many");
  mkdirSync(source);
  // Python's builder takes it for its Procfile; nothing of Python runs.
  writeFileSync(join(source, "Procfile"), "worker: exec sleep 1000000\n");
  writeFileSync(join(source, "requirements.txt"), "\n");
  const { pid } = await platform.supervisor.call("hello", { protocol: protocolVersion });
  const none = await lookAt(pid, looks);
  for (const app of apps) {
    await deployLive(platform, source, app);
    await platform.api("PATCH", `/apps/${app}/processes`, { scale: { worker: each } });
  }
  const ready = async () => {
    const status = await platform.supervisor.call("status", {});
    const instances = status.apps.flatMap((one) => one.instances);
    return instances.filter(({ state }) => state === "ready").length === apps.length * each;
  };
  await eventually(`${apps.length * each} processes are ready`, ready, 240_000);
  say("many: all are ready");
  const many = await lookAt(pid, looks);
  for (const app of apps) await platform.destroy(app);
  const row = (what: string, list: readonly Look[]) => [
    what,
    spread(summarize(list.map(({ pss }) => pss)), 1),
    spread(summarize(list.map(({ cpu }) => cpu)), 2),
  ];
  return {
    name: "runtime, supervisor",
    columns: ["processes that it watches", "PSS, MB", "CPU, % of a core"],
    rows: [row("none", none), row(`${apps.length * each}, idle`, many)],
    notes: [
      `Median (min to max) of ${looks} looks of ${look} s each, ${settle} s after the last start; ${apps.length} apps of ${each} workers. Caddy and hop3d run beside.`,
    ],
    samples: { none, many },
  };
}

async function lookAt(pid: number, looks: number): Promise<Look[]> {
  await wait(settle);
  const found: Look[] = [];
  for (let one = 0; one < looks; one += 1) {
    const before = cpuSecondsOf(pid);
    const began = performance.now();
    await wait(look);
    const seconds = (performance.now() - began) / 1000;
    found.push({ pss: pssOf(pid), cpu: ((cpuSecondsOf(pid) - before) / seconds) * 100 });
  }
  return found;
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
