/** What is wrong with a supervisor at rest, as sentences: what runs, is written and lies about against what is desired. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseDesired, stays, type DesiredApp, type DesiredInstance } from "#supervisor/desired.ts";
import type { AppStatus, InstanceStatus } from "#supervisor/protocol.ts";
import { readSlots } from "#supervisor/slots.ts";
import type { Belief } from "./belief.ts";
import { desireOf, textOf } from "./desire.ts";
import type { House } from "./house.ts";
import { releases, type Ways } from "./releases.ts";
import { sayTo } from "./say-to.ts";
import { strays } from "./strays.ts";

/** States in which an instance that stays may be at rest, by what it is told to do. */
const restOf: Readonly<Record<Ways, readonly string[]>> = {
  serves: ["ready"],
  runs: ["ready"],
  "ends well": ["ended"],
  dies: ["ready", "restarting", "backoff", "exhausted"],
  "never gets ready": ["failed"],
};

export async function faultsOf(house: House, beliefs: ReadonlyMap<string, Belief>): Promise<string[]> {
  const { layout, client } = house.bench;
  const desired = existsSync(layout.desiredState)
    ? parseDesired(readFileSync(layout.desiredState, "utf8"))
    : new Map<string, DesiredApp>();
  const status = await client.call("status", {});
  const faults: string[] = [];
  for (const [app, belief] of beliefs) {
    const found = textOf(desireOf(desired.get(app)));
    if (!belief.isUnsure && !belief.possible.has(found))
      faults.push(`${app} is "${found}" and should be "${[...belief.possible.keys()].join('" or "')}"`);
    const told = status.apps.find((one) => one.app === app);
    const wanted = desired.get(app);
    if ((told === undefined) !== (wanted === undefined)) faults.push(`${app} is told and written down as two things`);
    if (told === undefined || wanted === undefined) continue;
    faults.push(
      ...instanceFaults(app, wanted, told, belief),
      ...(await answerFaults(house, told, belief)),
      ...slotFaults(house, told, wanted),
    );
  }
  for (const { name, state } of status.services) if (state !== "ready") faults.push(`the service ${name} is ${state}`);
  return [...faults, ...strays(house, status)];
}

function instanceFaults(app: string, wanted: DesiredApp, told: AppStatus, belief: Belief): string[] {
  const faults: string[] = [];
  const state = (one: DesiredInstance): string => told.instances.find(({ id }) => id === one.id)?.state ?? "nowhere";
  const isFresh = (one: DesiredInstance): boolean => one.release === wanted.live && !one.proven;
  const present = wanted.instances.filter(stays);
  for (const { release, type, count } of wanted.groups) {
    const mine = present.filter((one) => one.release === release && one.type === type && !isFresh(one));
    const most = release === wanted.live && wanted.stopped ? 0 : count;
    const indexes = mine.map(({ index }) => index).sort((a, b) => a - b);
    // What was stopped, and then replaced by another release, has its counts and nothing else.
    if (mine.length === 0 && release !== wanted.live && belief.lingering.has(release)) continue;
    if (indexes.join() !== Array.from({ length: most }, (_, index) => index + 1).join())
      faults.push(
        `${app} has ${type} ${indexes.join(" and ") || "nowhere"} of release ${release} and should have ${most}`,
      );
    const ways = releases[release]?.[type]?.ways ?? "serves";
    for (const one of mine) {
      const is = state(one);
      // What is not live has one try, and does not outlive a death of the supervisor that it died in.
      const isExcused = (release !== wanted.live && is === "failed") || (is === "exhausted" && belief.kills > 3);
      if (!restOf[ways].includes(is) && !isExcused)
        faults.push(`${app} ${type}.${one.index} (${one.id}), which ${ways}, is ${is}`);
    }
  }
  for (const one of wanted.instances) {
    const where = `${app} ${one.type}.${one.index} (${one.id}) of release ${one.release}`;
    if (one.leavingUntil !== null) faults.push(`${where} still leaves and is ${state(one)}`);
    else if (one.warmUntil !== null && state(one) !== "warm")
      faults.push(`${where} is to be kept warm and is ${state(one)}`);
    else if (isFresh(one) && stays(one) && !belief.mayBeFresh)
      faults.push(`${where} is new beside the live ones, and nobody renews`);
    else if (stays(one) && !wanted.groups.some(({ release, type }) => release === one.release && type === one.type))
      faults.push(`${where} is ${state(one)}, and nobody wants it`);
  }
  return faults;
}

/** Whatever is said to be ready answers, and is who it is said to be. */
async function answerFaults(house: House, { app, instances }: AppStatus, belief: Belief): Promise<string[]> {
  const asked = instances.filter(
    ({ id, state, address }) =>
      (state === "ready" || state === "warm") && address !== null && house.canDial(address) && !belief.deaf.has(id),
  );
  const faults = await Promise.all(
    asked.map(async ({ id, address }) => {
      const where = `${app} ${id} at ${address}`;
      try {
        const socket = await sayTo(address ?? "", "who");
        socket.destroy();
        return socket.said === id ? [] : [`${where} is ${socket.said}`];
      } catch (error) {
        return [`${where} does not answer: ${String(error)}`];
      }
    }),
  );
  return faults.flat();
}

function slotFaults(house: House, { app, live, stopped, instances }: AppStatus, wanted: DesiredApp): string[] {
  const { layout } = house.bench;
  const serves = ({ id, release, type, state }: InstanceStatus): boolean => {
    const one = wanted.instances.find((each) => each.id === id);
    return type === "web" && release === live && state === "ready" && one !== undefined && one.proven && stays(one);
  };
  const should = stopped ? [] : instances.filter(serves).map(({ address }) => String(address));
  const are = [...new Set(readSlots(layout, app))].filter((address) => !address.includes("/none/"));
  const many = instances.filter(({ type, release }) => type === "web" && release === live).length;
  // While none is ready the last address stays.
  if (should.length === 0 && many > 0 && !stopped) return [];
  return are.sort().join() === should.sort().join()
    ? []
    : [`the slots of ${app} say ${are.join(" ") || "nobody"} and should say ${should.join(" ") || "nobody"}`];
}

/** For who reads a failure: what the supervisor itself has said last. */
export function lastWords(house: House, lines: number): string {
  const path = join(house.bench.layout.logs, "supervisor.log");
  if (!existsSync(path)) return `no log beside ${readdirSync(house.bench.layout.root).join(" ")}`;
  return readFileSync(path, "utf8").trim().split("\n").slice(-lines).join("\n");
}
