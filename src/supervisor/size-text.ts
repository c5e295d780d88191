/** Bytes for people, in whole MiB: `64M`. */
export function sizeText(bytes: number): string {
  return `${Math.floor(bytes / (1024 * 1024))}M`;
}
