/** One picture of `hop3 top`: never more lines or wider than the terminal. Pure. */
import type { InstanceList } from "#core/api/instances.ts";
import { size, uptime } from "../render.ts";
import { columns, type Column, type Row } from "./columns.ts";
import type { Shares } from "./shares.ts";

export type Picture = {
  readonly server: string;
  readonly now: InstanceList;
  readonly shares: Shares;
  /** Sorted. */
  readonly rows: readonly Row[];
  readonly sort: Column;
  readonly reverse: boolean;
  /** The first row that is shown. */
  readonly offset: number;
  readonly refresh: number;
  /** Instead of the keys: what went wrong. */
  readonly trouble?: string | undefined;
  /** As it is shown: local, with seconds. */
  readonly time: string;
  readonly color: boolean;
};

/** Lines that are no rows. */
const headLines = 5;
const footLines = 1;

/** How many rows fit. */
export function roomOf(height: number): number {
  return Math.max(0, height - headLines - footLines);
}

export function draw(picture: Picture, width: number, height: number): string[] {
  const { rows, offset, sort, reverse, color, trouble } = picture;
  const shown = columns.filter(({ from = 0 }) => width >= from);
  const widths = widthsOf(shown, width);
  const paint = (text: string, code: number) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const titles = shown.map((column) => ({
    ...column,
    text: () => (column.name === sort.name ? `${column.name}${reverse ? "^" : "v"}` : column.name),
  }));
  const head = [...headOf(picture).map((line) => cut(line, width)), ""];
  const title = cut(lineOf(titles, widths, undefined), width).padEnd(width);
  const body = rows.slice(offset, offset + roomOf(height)).map((row) => {
    const line = cut(lineOf(shown, widths, row), width);
    if (row.one.crashLoop || row.one.state === "failed") return paint(line, 31);
    return row.one.state === "starting" || row.one.state === "backing-off" ? paint(line, 33) : line;
  });
  const lines = [...head, color ? `\u001b[7m${title}\u001b[0m` : title, ...body];
  const blank = Array.from({ length: Math.max(0, height - footLines - lines.length) }, () => "");
  const foot = cut(trouble ?? footOf(picture, roomOf(height)), width);
  // A terminal that is too low for all of it still has the rows' titles, or at least how to leave.
  return [
    ...[...lines, ...blank].slice(0, Math.max(0, height - footLines)),
    trouble === undefined ? foot : paint(foot, 31),
  ].slice(-height);
}

function headOf({ server, now, shares, time }: Picture): string[] {
  const { host, instances, services, startsWaiting } = now;
  const loops = instances.filter(({ crashLoop }) => crashLoop).length;
  const running = instances.filter(({ state }) => state === "running").length;
  const apps = new Set(instances.map(({ app }) => app)).size;
  const load = host.load.map((one) => one.toFixed(2)).join(" ");
  const own = services.map(({ name, usage }) => {
    const share = shares.ofService(name);
    return `${name} ${share === undefined ? "-" : share.toFixed(1)}% ${usage === null ? "down" : size(usage.memoryBytes)}`;
  });
  return [
    `hop3 top - ${server}  ${time}  load ${load} of ${host.processors}  memory ${size(host.memoryBytes - host.availableBytes)} of ${size(host.memoryBytes)}  up ${uptime(host.uptimeSeconds)}`,
    `${count(apps, "app")}, ${count(instances.length, "instance")}: ${running} running, ${count(loops, "crash loop")}, ${count(startsWaiting, "start")} waiting`,
    own.join("  "),
  ];
}

function footOf({ rows, offset, refresh }: Picture, room: number): string {
  const last = Math.min(rows.length, offset + room);
  const part = room > 0 && rows.length > room ? `${offset + 1}-${last} of ${rows.length}  ` : "";
  return `${part}q quit  Left Right sort  r reverse  Up Down PgUp PgDn scroll  every ${refresh} s`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** What is left goes to the columns that grow, in equal parts. */
function widthsOf(shown: readonly Column[], width: number): number[] {
  const fixed = shown.reduce((sum, column) => sum + column.width + 1, -1);
  const growing = shown.filter(({ grows }) => grows === true).length;
  const more = Math.min(24, Math.max(0, Math.floor((width - fixed) / growing)));
  return shown.map((column) => column.width + (column.grows === true ? more : 0));
}

function lineOf(shown: readonly Column[], widths: readonly number[], row: Row | undefined): string {
  return shown
    .map(({ text, left }, index) => {
      const width = widths[index] ?? 0;
      const cell = cut(text(row as Row), width);
      return left === true ? cell.padEnd(width) : cell.padStart(width);
    })
    .join(" ")
    .trimEnd();
}

/** Names are ASCII, so a character is a column. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  return width < 1 ? "" : `${text.slice(0, width - 1)}…`;
}
