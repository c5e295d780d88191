/** The instances of an app, a line each. */
import type { ProcessView } from "#core/api/processes.ts";
import { duration, localTime, size, table } from "./render.ts";

export function instanceTable(processes: readonly ProcessView[]): string {
  const rows = processes.flatMap(({ instances }) =>
    instances.map((one) => [
      one.name,
      one.state,
      `${one.release}`,
      `${one.pid ?? "-"}`,
      localTime(one.since),
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
          "SINCE",
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
