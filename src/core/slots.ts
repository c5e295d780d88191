/**
 * Slot files: how traffic moves without touching the edge's document (docs/adr/0001). An app has a fixed number of them;
 * each holds one dial address, always; an instance's share of the slots is its weight. The supervisor replaces them by
 * rename, the edge reads one at each request.
 */

export const slotCount = 12;

/** The path of slot `index` (0-based) in an app's slot directory. */
export function slotFile(directory: string, index: number): string {
  return `${directory}/${String(index).padStart(2, "0")}`;
}

/** Spreads addresses over the slots as evenly as they go, in stable order. Empty when there is no address. */
export function fillSlots(addresses: readonly string[]): readonly string[] {
  if (addresses.length === 0) return [];
  return Array.from({ length: slotCount }, (_, slot) => addresses[slot % addresses.length] ?? "");
}
