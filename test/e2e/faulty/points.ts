/** How a test and a hop3d under test speak of a point: a file asks for a halt there, another says that it halts. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../apps.ts";

/** `base` is the directory that has the platform's root and run directory. */
export const faultsDirectory = (base: string): string => join(base, "faults");

export const reached = (asked: string): string => `${asked}.reached`;

/** Makes it; hop3d may be another user. */
export function makeFaultsDirectory(base: string): string {
  const directory = faultsDirectory(base);
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o777);
  return directory;
}

/** By how many milliseconds the clock of a hop3d under test is wrong. */
export function clockOffset(directory: string): number {
  try {
    return Number(readFileSync(join(directory, "clock"), "utf8"));
  } catch {
    return 0;
  }
}

/** Moves that clock, at once. */
export function moveClock(base: string, milliseconds: number): void {
  const path = join(makeFaultsDirectory(base), "clock");
  writeFileSync(`${path}.draft`, String(milliseconds));
  renameSync(`${path}.draft`, path);
}

export type Halt = {
  /** Resolves when hop3d stands there. */
  reached(): Promise<void>;
  /** Lets it, or the next one, go on. */
  release(): void;
};

/** Has hop3d stop once at `point`, such as `before:build`. */
export function haltAt(base: string, point: string): Halt {
  const asked = join(makeFaultsDirectory(base), point);
  writeFileSync(asked, "");
  return {
    reached: () => eventually(`hop3d is at ${point}`, () => existsSync(reached(asked))),
    release: () => {
      rmSync(asked, { force: true });
      rmSync(reached(asked), { force: true });
    },
  };
}
