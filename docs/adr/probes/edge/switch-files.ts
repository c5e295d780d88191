// (b) Caddy reads the dial address from a file at each request; the document never changes.
import { mkdirSync } from "node:fs";
import { type Address, dialOf } from "./address.ts";
import { replaceFile, startCaddy } from "./caddy.ts";
import type { Setup, Switcher } from "./switcher.ts";

export const SLOTS = 12;

export function slotPath(dir: string, slot: number): string {
  return `${dir}/slots/${String(slot).padStart(2, "0")}`;
}

export function slotDials(dir: string): string[] {
  return Array.from({ length: SLOTS }, (_, slot) => `{file.${slotPath(dir, slot)}}`);
}

export function fillSlots(dir: string, live: readonly Address[]): void {
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const address = live[slot % live.length];
    if (address !== undefined) replaceFile(slotPath(dir, slot), `${dialOf(address)}\n`);
  }
}

export async function switchByFiles(name: string, setup: Setup, keepAlive: object): Promise<Switcher> {
  mkdirSync(`${setup.dir}/slots`);
  fillSlots(setup.dir, [setup.first]);
  const caddy = await startCaddy(
    setup.binary,
    setup.dir,
    { dials: slotDials(setup.dir), keepAlive },
    { dials: [dialOf(setup.other)], keepAlive },
  );
  return {
    name,
    pid: caddy.pid,
    port: caddy.port,
    moveTo: async (live) => fillSlots(setup.dir, live),
    fence: caddy.fence,
    stop: caddy.stop,
  };
}
