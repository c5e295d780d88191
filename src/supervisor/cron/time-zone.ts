/** How far a time zone's clocks are ahead of UTC, by the rules that come with Node. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds that local time is ahead of UTC at an instant (milliseconds since the epoch). */
export function offsetAt(zone: string, instant: number): number {
  if (zone === "UTC") return 0;
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    formats.set(zone, format);
  }
  // `11/21/2026, GMT+05:30`, or `GMT` alone.
  const [, sign, hours, minutes, seconds = "0"] = /([+-])(\d+):(\d+)(?::(\d+))?$/.exec(format.format(instant)) ?? [];
  if (sign === undefined) return 0;
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
  return sign === "-" ? -ms : ms;
}
