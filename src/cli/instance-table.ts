/** The instances of an app, a line each, and what keeps ending among them. */
import type { CrashLoop } from "#core/api/apps.ts";
import type { Instance, ProcessView } from "#core/api/processes.ts";
import { duration, localTime, size, table, uptime } from "./render.ts";

export function instanceTable(processes: readonly ProcessView[]): string {
  const rows = processes.flatMap(({ instances }) =>
    instances.map((one) => [
      one.name,
      stateText(one),
      `${one.release}`,
      `${one.pid ?? "-"}`,
      uptime(one.usage?.uptimeSeconds ?? null),
      `${one.restarts}`,
      one.nextTry === null ? "-" : localTime(one.nextTry),
      one.usage === null ? "-" : duration(one.usage.cpuSeconds * 1000),
      one.usage === null ? "-" : size(one.usage.memoryBytes),
      `${one.usage?.descriptors ?? "-"}`,
      one.lastExit ?? "-",
    ]),
  );
  return rows.length === 0
    ? ""
    : table(
        [
          "PROCESS",
          "STATE",
          "RELEASE",
          "PID",
          "UPTIME",
          "RESTARTS",
          "NEXT TRY",
          "CPU TIME",
          "MEMORY",
          "FILES",
          "LAST EXIT",
        ],
        rows,
      );
}

/** In a loop it is that which matters, not that it is up for a moment. */
export function stateText({ state, crashLoop }: Pick<Instance, "state" | "crashLoop">): string {
  if (!crashLoop) return state;
  return state === "failed" ? "given up" : "crash loop";
}

export function loopsOf(processes: readonly ProcessView[]): CrashLoop[] {
  return processes
    .flatMap(({ instances }) => instances)
    .filter(({ crashLoop }) => crashLoop)
    .map(({ name, state, restartsInARow, lastExit, nextTry }) => ({
      process: name,
      givenUp: state === "failed",
      restarts: restartsInARow,
      lastExit,
      nextTry,
    }));
}

/** A sentence on each, and where to go on. */
export function crashText(app: string, loops: readonly CrashLoop[]): string {
  if (loops.length === 0) return "";
  const [first] = loops;
  const sentences = loops.map((loop) =>
    loop.givenUp
      ? `${loop.process} was given up: ${crashShort(loop)}.`
      : `${loop.process} is in a crash loop: ${crashShort(loop)}${loop.nextTry === null ? "" : `; next try ${localTime(loop.nextTry)}`}.`,
  );
  const logs = `hop3 logs --app ${app} --process ${first?.process ?? ""}`;
  return `${sentences.join("\n")}\n\`${logs}\` tells more; \`hop3 app reset-restarts --app ${app}\` tries again at once.`;
}

/** `exit 1, restarted 4 times in a row`; without the count where another supervisor has counted. */
export function crashShort({ lastExit, restarts }: CrashLoop): string {
  const often = restarts === 0 ? "restarted too often" : `restarted ${restarts} times in a row`;
  return `${lastExit ?? "ended"}, ${often}`;
}
