/**
 * The supervisor of the model test, in a process of its own, with waits that are short: it kills itself at the fault point
 * that it is told of, and ends with whoever started it. Words on its channel: { arm: [point, nth] }, { stop: true }.
 */
import { layoutOf, type Roots } from "#core/layout.ts";
import { testOptions } from "#supervisor/bench.ts";
import { startSupervisor } from "#supervisor/daemon.ts";

export type Word = { readonly arm: readonly [point: string, nth: number] } | { readonly stop: true };

const roots = JSON.parse(process.argv[2] ?? "") as Roots;
let point = "";
let left = 0;
const supervisor = await startSupervisor({
  ...testOptions(layoutOf(roots)),
  services: [{ name: "caddy", argv: ["/bin/sleep", "100000"], env: { PATH: "/usr/bin:/bin", BENCH: roots.root } }],
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
  fault: (at) => {
    if (at === point && (left -= 1) === 0) process.kill(process.pid, "SIGKILL");
  },
});
process.on("message", (word: Word) => {
  if ("arm" in word) [point, left] = word.arm;
  else void supervisor.stop().then(() => process.exit(0));
});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.send?.("serving");
