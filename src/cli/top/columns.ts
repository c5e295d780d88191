/** The columns of `hop3 top`: what each shows, how wide it is and how it sorts. */
import { stateText } from "../instance-table.ts";
import { printable } from "#core/printable.ts";
import { size, uptime } from "../render.ts";
import type { Instance } from "./shares.ts";

export type Row = { readonly one: Instance; readonly cpu: number | undefined };

export type Column = {
  readonly name: string;
  /** Least width; a column that grows takes what is left. */
  readonly width: number;
  readonly grows?: true;
  readonly left?: true;
  /** It is there from this many columns of the terminal on. */
  readonly from?: number;
  readonly text: (row: Row) => string;
  /** The largest comes first, or the first of the alphabet. */
  readonly key: (row: Row) => number | string;
};

export const columns: readonly Column[] = [
  { name: "APP", width: 10, grows: true, left: true, text: ({ one }) => printable(one.app), key: ({ one }) => one.app },
  {
    name: "PROCESS",
    width: 8,
    grows: true,
    left: true,
    text: ({ one }) => printable(one.name),
    key: ({ one }) => one.name,
  },
  { name: "STATE", width: 11, left: true, text: ({ one }) => stateText(one), key: ({ one }) => stateText(one) },
  {
    name: "CPU%",
    width: 6,
    text: ({ cpu }) => (cpu === undefined ? "-" : cpu.toFixed(1)),
    key: ({ cpu }) => cpu ?? -1,
  },
  {
    name: "MEMORY",
    width: 7,
    text: ({ one }) => (one.usage === null ? "-" : size(one.usage.memoryBytes)),
    key: ({ one }) => one.usage?.memoryBytes ?? -1,
  },
  {
    name: "LIMIT",
    width: 7,
    from: 100,
    text: ({ one }) => (one.usage?.memoryLimitBytes == null ? "-" : size(one.usage.memoryLimitBytes)),
    key: ({ one }) => one.usage?.memoryLimitBytes ?? -1,
  },
  {
    name: "FILES",
    width: 6,
    text: ({ one }) => `${one.usage?.descriptors ?? "-"}`,
    key: ({ one }) => one.usage?.descriptors ?? -1,
  },
  { name: "RESTARTS", width: 8, text: ({ one }) => `${one.restarts}`, key: ({ one }) => one.restarts },
  {
    name: "UPTIME",
    width: 8,
    text: ({ one }) => uptime(one.usage?.uptimeSeconds ?? null),
    key: ({ one }) => one.usage?.uptimeSeconds ?? -1,
  },
  { name: "RELEASE", width: 7, from: 110, text: ({ one }) => `${one.release}`, key: ({ one }) => one.release },
  {
    name: "LAST EXIT",
    width: 20,
    from: 130,
    left: true,
    text: ({ one }) => printable(one.lastExit ?? "-"),
    key: ({ one }) => one.lastExit ?? "",
  },
];

/** What may be sorted by, as words of the command line. */
export const sortNames = ["cpu", "memory", "files", "restarts", "uptime", "app", "process", "state"] as const;
export type SortName = (typeof sortNames)[number];

export function columnOf(name: SortName): Column {
  const found = columns.find((one) => one.name.replace("%", "").toLowerCase() === name);
  return found ?? sorted;
}

const sorted = columns[3] as Column;

/** Equal ones stay by app and process, so that lines do not jump. */
export function sortRows(rows: readonly Row[], { key }: Column, reverse: boolean): Row[] {
  const sign = reverse ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [left, right] = [key(a), key(b)];
    const order =
      typeof left === "number" && typeof right === "number" ? right - left : compare(String(left), String(right));
    return (
      sign * order || compare(a.one.app, b.one.app) || compare(a.one.name, b.one.name) || b.one.release - a.one.release
    );
  });
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
