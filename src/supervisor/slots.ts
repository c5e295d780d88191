import { mkdirSync, readFileSync, rmSync } from "node:fs";
import type { Layout } from "#core/layout.ts";
import { fillSlots, slotCount, slotFile } from "#core/slots.ts";
import { replaceFiles } from "./atomic-file.ts";
import { dialUnix } from "./proc-net.ts";

/**
 * An address where nobody ever listens: what the slots of an app hold while it has no instance. The edge then says that
 * the app is not there, where a missing file would be an error of another kind (docs/adr/0001).
 */
export function nobody(layout: Layout): string {
  return dialUnix(`${layout.instanceSockets}/none/s.sock`);
}

/**
 * Makes the app's slot files say these addresses; an empty list means nobody. Each file is replaced by rename, so a
 * request reads an old address or a new one, never half of one. What is right already is not touched.
 */
export function writeSlots(layout: Layout, app: string, addresses: readonly string[]): void {
  const directory = layout.slots(app);
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  const filled = fillSlots(addresses.length === 0 ? [nobody(layout)] : addresses);
  const wanted = Array.from({ length: slotCount }, (_, slot) => {
    return { path: slotFile(directory, slot), content: filled[slot] ?? nobody(layout) };
  });
  replaceFiles(
    wanted.filter(({ path, content }) => readSlot(path) !== content),
    0o640,
  );
}

/** What the app's slots hold, in order; a slot that cannot be read is left out. */
export function readSlots(layout: Layout, app: string): string[] {
  return Array.from({ length: slotCount }, (_, slot) => readSlot(slotFile(layout.slots(app), slot))).filter(
    (address) => address !== undefined,
  );
}

function readSlot(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

export function removeSlots(layout: Layout, app: string): void {
  rmSync(layout.slots(app), { recursive: true, force: true });
}
