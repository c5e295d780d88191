import type { VolumeView } from "#core/api/shared.ts";
import type { VolumeSpec } from "#core/volume.ts";

/** A volume as the API shows it. */
export function volumeView(volume: VolumeSpec): VolumeView {
  const { name, type, target, mode } = volume;
  const bytes = volume.type === "tmpfs" ? volume.bytes : null;
  return { name, type, target, mode, bytes, source: volume.type === "bind" ? volume.source : null };
}
