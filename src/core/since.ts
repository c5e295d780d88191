/** The start of a stretch of time as people write it: how long ago (`10m`, `1h30m`, `2d`), or a point in time. */

const ago = /^(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;
const point = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/;
const zoned = /T.*(?:Z|[+-]\d\d:\d\d)$/;

/** How long ago, in milliseconds; undefined for what is no such text. */
export function agoMs(text: string): number | undefined {
  const found = ago.exec(text);
  if (found === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

/** Milliseconds since the epoch of an ISO 8601 time; one without a zone is of this process's own zone. */
export function pointMs(text: string): number | undefined {
  if (!point.test(text)) return undefined;
  // JavaScript takes a bare date for UTC and a date with a time for local: here both are local.
  const ms = Date.parse(text.length === 10 ? `${text}T00:00` : text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** What the API takes: how long ago, or a point in time with its zone, so that nobody's own zone matters. */
export function isSince(text: string): boolean {
  return agoMs(text) !== undefined || (zoned.test(text) && pointMs(text) !== undefined);
}

/** Milliseconds since the epoch, for what `isSince` holds of. */
export function sinceMs(text: string, now: number): number | undefined {
  const ms = agoMs(text);
  return ms === undefined ? pointMs(text) : now - ms;
}
