/**
 * The supervisor of the model test, in a process of its own, with waits that are short: it kills itself at the fault point
 * that it is told of, and ends with whoever started it. Words on its channel: { arm: [point, nth] }, { stop: true }.
 */
import { layoutOf, type Roots } from "#core/layout.ts";
import { testOptions } from "#supervisor/bench.ts";
import { startSupervisor } from "#supervisor/daemon.ts";
import { testIds, testSystem } from "#supervisor/system-testing.ts";
import { appNames } from "./events.ts";

export type Word = { readonly arm: readonly [point: string, nth: number] } | { readonly stop: true };

const { mode, ...roots } = JSON.parse(process.argv[2] ?? "") as Roots & { readonly mode: "user" | "system" };
const layout = layoutOf(roots);
let point = "";
let left = 0;
const fault = (at: string): void => {
  if (at === point && (left -= 1) === 0) process.kill(process.pid, "SIGKILL");
};
const edge = { uid: testIds.edge, gid: testIds.edge, groups: [] };
const caddy = {
  name: "caddy",
  argv: ["/bin/sleep", "100000"],
  env: { PATH: "/usr/bin:/bin", BENCH: roots.root },
} as const;
const supervisor = await startSupervisor({
  ...testOptions(layout),
  ...(mode === "user" ? {} : { mode, system: testSystem(layout, appNames, fault) }),
  services: [mode === "user" ? caddy : { ...caddy, user: edge }],
  timing: {
    backoffFirst: 50,
    backoffMax: 400,
    backoffReset: 600,
    restartsMax: 4,
    serviceFirst: 50,
    serviceMax: 400,
    stayUp: 100,
    warmLook: 100,
    startLeast: 20,
  },
  limits: {
    ports: { first: 30_500, last: 31_499 },
    appLogBytes: 3 * 1024 * 1024,
    rate: { perSecond: 1000, burst: 2000 },
  },
  fault,
});
process.on("message", (word: Word) => {
  if ("arm" in word) [point, left] = word.arm;
  else void supervisor.stop().then(() => process.exit(0));
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.send?.("serving");
