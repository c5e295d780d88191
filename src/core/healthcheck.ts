/** How a new release is known to be well before it takes over. Times are in seconds. */
import type { ShellCommand } from "./records.ts";

/** First and last status that count as well. */
export type StatusRange = readonly [number, number];

export type HealthProbe =
  | {
      readonly kind: "http";
      readonly path: string;
      readonly method: "GET" | "HEAD";
      readonly expected: readonly StatusRange[];
    }
  /** A connection to what `web` listens on, which is well when it is taken. */
  | { readonly kind: "socket" }
  /** Run by the supervisor as the app, once a try; well when its exit status is 0. */
  | { readonly kind: "command"; readonly command: ShellCommand };

export type Healthcheck = {
  readonly probe: HealthProbe;
  /** For one try. */
  readonly timeout: number;
  /** Failures of tries that began sooner after the first one do not count. */
  readonly startPeriod: number;
  /** The longest wait between two tries; the first ones are shorter. */
  readonly interval: number;
  /** How many failures that count are borne: one more ends the deploy. */
  readonly retries: number;
  /** Successes in a row that make it well. */
  readonly successThreshold: number;
};

/** What holds where the app does not say. */
export const standardTries = { timeout: 10, startPeriod: 10, interval: 2, retries: 3, successThreshold: 1 };

/** What a path must answer unless the app says more. */
export const standardStatus: readonly StatusRange[] = [[200, 399]];

/** Of an app that says nothing: it must speak HTTP, whatever it says. */
export const standardHealthcheck: Healthcheck = {
  probe: { kind: "http", path: "/", method: "GET", expected: [[100, 599]] },
  ...standardTries,
};

export function isExpected(status: number, expected: readonly StatusRange[]): boolean {
  return expected.some(([first, last]) => status >= first && status <= last);
}

/** `204` or `200-299, 304`. */
export function shownStatus(expected: readonly StatusRange[]): string {
  return expected.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}
