// 50 switches and 20 changes of scale under load, with one switcher.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { drain, type DrainEnd } from "./drain.ts";
import type { Address } from "./address.ts";
import type { Report } from "./load.ts";
import { cpuMs, type Instance, pause, startInstance, startLoad, stopChild } from "./processes.ts";
import type { Setup, Switcher } from "./switcher.ts";

export interface Plan {
  readonly transport: "unix" | "tcp";
  readonly switches: number;
  readonly scales: number;
  readonly drains: boolean; // false: TERM right after the move, the control that shows losses are seen
  readonly freezeMs: number; // the proxy is stopped that long at each fifth move
}
export interface Outcome {
  readonly report: Report;
  readonly executed: ReadonlyMap<string, number>;
  readonly termAt: ReadonlyMap<string, { readonly at: number; readonly why: DrainEnd }>;
  readonly quiet: Window;
  readonly changing: Window;
  readonly drainMs: readonly number[]; // drains that ended idle
}
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly cpuMs: number;
}

const QUIET_MS = 6000;
const INTERVAL_MS = 400;
const GRACE_MS = 12_000;
const MAX_INSTANCES = 4;

const now = (): number => performance.timeOrigin + performance.now();

export async function play(plan: Plan, binary: string, make: (setup: Setup) => Promise<Switcher>): Promise<Outcome> {
  const dir = mkdtempSync(`${tmpdir()}/edge-`);
  const idsFile = `${dir}/ids`;
  const termAt = new Map<string, { at: number; why: DrainEnd }>();
  const drains: Array<Promise<void>> = [];
  const drainMs: number[] = [];
  let serial = 0;
  const address = (name: string): Address =>
    plan.transport === "unix" ? { kind: "unix", path: `${dir}/${name}.sock` } : { kind: "tcp", port: 0 };
  const start = async (app: string): Promise<Instance> => {
    const name = `${app}-${serial++}`;
    return startInstance(name, address(name), app === "moved" ? idsFile : `${dir}/other-ids`);
  };

  const other = await start("other");
  let live = [await start("moved")];
  const first = live[0];
  if (first === undefined) throw new Error("no first instance");
  const switcher = await make({ dir, binary, first: first.address, other: other.address });

  const retire = async (instance: Instance): Promise<void> => {
    const began = performance.now();
    const why = plan.drains ? await drain(instance.address, switcher.fence, GRACE_MS) : "grace";
    if (why === "idle") drainMs.push(performance.now() - began);
    termAt.set(instance.name, { at: now(), why });
    await stopChild(instance.child);
  };
  const moveTo = async (wanted: Instance[], freeze: boolean): Promise<void> => {
    if (freeze) process.kill(switcher.pid, "SIGSTOP");
    const thaw = freeze ? pause(plan.freezeMs).then(() => process.kill(switcher.pid, "SIGCONT")) : undefined;
    await switcher.moveTo(wanted.map((one) => one.address));
    for (const old of live) if (!wanted.includes(old)) drains.push(retire(old));
    live = wanted;
    await thaw;
  };
  const window = async (body: () => Promise<void>): Promise<Window> => {
    const from = now();
    const before = cpuMs(switcher.pid);
    await body();
    return { from, to: now(), cpuMs: cpuMs(switcher.pid) - before };
  };

  const reportFile = `${dir}/report.json`;
  const load = startLoad(switcher.port, reportFile);
  const loadExit = once(load, "exit");
  await pause(2000);
  const quiet = await window(() => pause(QUIET_MS));
  const changing = await window(async () => {
    for (let i = 0; i < plan.switches; i += 1) {
      const next = await start("moved");
      await moveTo([next], plan.freezeMs > 0 && i % 5 === 0);
      await pause(INTERVAL_MS);
    }
    for (let i = 0; i < plan.scales; i += 1) {
      // 1 -> 3 -> 2 -> 4 -> 1 ...: every second change takes instances away
      const size = [3, 2, MAX_INSTANCES, 1][i % 4] ?? 1;
      const wanted = live.slice(0, size);
      while (wanted.length < size) wanted.push(await start("moved"));
      await moveTo(wanted, false);
      await pause(INTERVAL_MS);
    }
  });
  await Promise.all(drains);
  load.stdin?.write("stop\n");
  await loadExit;
  await switcher.stop();
  for (const instance of [...live, other]) await stopChild(instance.child);

  const executed = new Map<string, number>();
  for (const id of existsSync(idsFile) ? readFileSync(idsFile, "utf8").split("\n") : []) {
    if (id !== "") executed.set(id, (executed.get(id) ?? 0) + 1);
  }
  const report = JSON.parse(readFileSync(reportFile, "utf8")) as Report;
  rmSync(dir, { recursive: true, force: true });
  return { report, executed, termAt, quiet, changing, drainMs };
}
