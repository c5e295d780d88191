/** What becomes of a process that has ended by itself, and how long one that comes back waits. Pure. */
import type { RestartPolicy } from "#core/records.ts";
import type { InstanceEvent } from "./instance.ts";

export type Ending = {
  readonly policy: RestartPolicy;
  /** It ended with 0, not by a signal, and nobody had to kill it. */
  readonly clean: boolean;
  /** Its release is or was the live one. */
  readonly proven: boolean;
  /** It is there to listen: until it is proven, an end is never what was wanted. */
  readonly serves: boolean;
  /** Restarts in a row, without a sustained run between them. */
  readonly restarts: number;
  /** How many of these there may be. */
  readonly most: number;
};

/**
 * `exit` comes back after a wait, or fails a first try; `finish` stays ended, as its policy says; `give-up` stays ended,
 * having come back too often.
 */
export function eventOf(ending: Ending): Extract<InstanceEvent, "exit" | "finish" | "give-up"> {
  const { policy, clean, proven, serves, restarts, most } = ending;
  if (clean && policy !== "always" && (proven || !serves)) return "finish";
  if (!proven) return "exit";
  if (policy === "never") return "finish";
  return restarts >= most ? "give-up" : "exit";
}

/** Milliseconds before restart `restarts` + 1 in a row. */
export function backoffWait(restarts: number, first: number, max: number): number {
  return Math.min(max, first * 2 ** Math.min(restarts, 30));
}
