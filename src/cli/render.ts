/** How results look: tables and facts for a reader, one envelope for a program. The only renderer of errors in the CLI. */
import { type AppError, errorTable } from "#core/errors.ts";
import { printable } from "#core/printable.ts";

/** Columns as wide as their widest cell, two spaces apart; no trailing spaces. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headers, ...rows].map((row) => row.map((cell) => printable(cell)));
  const widths = headers.map((_, column) => Math.max(...lines.map((row) => (row[column] ?? "").length)));
  return lines
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `name  value` lines, names aligned; an undefined or null value is left out. */
export function facts(pairs: readonly (readonly [string, string | number | null | undefined])[]): string {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value))}`).join("\n");
}

/** `2026-01-02T03:04:05Z` as the reader's local time. */
export function localTime(iso: string | null): string {
  if (iso === null) return "-";
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  // By hand: the first use of a locale takes 30 ms, which is a quarter of what `hop3 apps` takes in all.
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(twoDigits).join("-");
  return `${date} ${clockTime(time)}`;
}

/** `03:04:05`, local. */
export function clockTime(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(":");
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

/** Bytes as `12 B`, `3.4 MB` or `56 GB`: powers of 1000, as disks are sold. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Milliseconds as `12 ms`, `3.4 s` or `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Seconds as `45s`, `12m 5s`, `3h 20m` or `4d 3h`; `-` for null. */
export function uptime(seconds: number | null): string {
  if (seconds === null) return "-";
  const whole = Math.floor(seconds);
  const [days, hours, minutes] = [Math.floor(whole / 86_400), Math.floor(whole / 3600), Math.floor(whole / 60)];
  if (days > 0) return `${days}d ${hours % 24}h`;
  if (hours > 0) return `${hours}h ${minutes % 60}m`;
  return minutes > 0 ? `${minutes}m ${whole % 60}s` : `${whole}s`;
}

export type Meta = {
  readonly server: string | null;
  readonly context: string | null;
  readonly app: string | null;
  readonly timestamp: string;
};

export function okEnvelope(data: unknown, summary: string | undefined, meta: Meta): string {
  const shown = summary === undefined || typeof data !== "object" ? data : { ...data, summary };
  return JSON.stringify({ status: "ok", data: shown, meta }, null, 2);
}

export function errorEnvelope(error: AppError, meta: Meta): string {
  const { code, message, hint, details } = error;
  const exit = errorTable[code].exit;
  return JSON.stringify(
    { status: "error", error: { code, message, suggestion: hint, details, exit_code: exit }, meta },
    null,
    2,
  );
}

/** For stderr. The cause is for who asked for more with -vv: it may hold anything but is this machine's own. */
export function errorText(error: AppError, verbose: number): string {
  // One problem is message and detail at once; it is said once.
  const said = error.details.filter((detail) => detail !== error.message);
  const lines = [`hop3: ${error.message}`, ...said.map((detail) => `  - ${detail}`)];
  if (error.hint !== "") lines.push(`  ${error.hint}`);
  if (verbose >= 1) lines.push(`  code ${error.code}, exit ${errorTable[error.code].exit}`);
  if (verbose >= 2 && error.cause instanceof Error) lines.push(error.cause.stack ?? error.cause.message);
  return lines.map(printable).join("\n");
}
