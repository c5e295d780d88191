/**
 * When a schedule comes next. Pure: an instant in, an instant out, in milliseconds since the epoch.
 *
 * Where clocks are put forward or back, what Vixie cron does: a schedule of fixed times of the day comes once for a time
 * that is skipped, right after the gap, and once for a time that comes twice, at the first. One of "every so often" (its
 * minute or hour begins with `*`) goes by what the clocks show, so it neither makes up nor leaves out.
 */
import type { CronSchedule } from "#core/cron-schedule.ts";
import { offsetAt } from "./time-zone.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** The 29th of February on a certain weekday comes again after 40 years at most (1896 to 1904 had none). */
const daysMax = 41 * 366;

/** The first instant after `after` at which the schedule comes; null when it does not within 40 years. */
export function nextTime(schedule: CronSchedule, zone: string, after: number): number | null {
  // From the day before: where clocks go back at midnight it comes again, and a skipped time belongs to its own day.
  const first = startOfDay(after + offsetAt(zone, after)) - dayMs;
  let best: number | null = null;
  for (let index = 0; index < daysMax; index += 1) {
    const found = firstOfDay(schedule, zone, first + index * dayMs, after);
    // The day after can be earlier only by what clocks go back.
    if (best !== null) return found !== null && found < best ? found : best;
    best = found;
  }
  return best;
}

/** `day` is midnight in local time, written as if that were UTC; so are all local times here. */
function firstOfDay(schedule: CronSchedule, zone: string, day: number, after: number): number | null {
  if (!isDay(schedule, new Date(day))) return null;
  const early = offsetAt(zone, day - dayMs);
  const late = offsetAt(zone, day + 2 * dayMs);
  if (early === late) {
    for (const local of timesOf(schedule, day)) if (local - early > after) return local - early;
    return null;
  }
  let best: number | null = null;
  for (const local of timesOf(schedule, day)) {
    for (const instant of instantsOf(local, zone, early, late, schedule.fixed)) {
      if (instant > after && (best === null || instant < best)) best = instant;
    }
  }
  return best;
}

/** The instants that a local time stands for, where the zone goes from one offset to another around it. */
function instantsOf(local: number, zone: string, early: number, late: number, fixed: boolean): number[] {
  const found = [local - early, local - late]
    .filter((instant, index) => offsetAt(zone, instant) === (index === 0 ? early : late))
    .toSorted((a, b) => a - b);
  if (found.length > 0) return fixed ? found.slice(0, 1) : found;
  return fixed ? [changeBetween(zone, local - late, local - early)] : [];
}

/** The first instant of the new offset; whole minutes, as all changes since 1972 are. */
function changeBetween(zone: string, from: number, to: number): number {
  const old = offsetAt(zone, from);
  let [low, high] = [from / minuteMs, to / minuteMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle * minuteMs) === old) low = middle;
    else high = middle;
  }
  return high * minuteMs;
}

function* timesOf({ hours, minutes }: CronSchedule, day: number): Generator<number> {
  for (const hour of hours) for (const minute of minutes) yield day + (hour * 60 + minute) * minuteMs;
}

function isDay({ days, months, weekdays, eitherDay }: CronSchedule, day: Date): boolean {
  if (!months.includes(day.getUTCMonth() + 1)) return false;
  const byDate = days.includes(day.getUTCDate());
  const byWeekday = weekdays.includes(day.getUTCDay());
  return eitherDay ? byDate || byWeekday : byDate && byWeekday;
}

function startOfDay(local: number): number {
  return Math.floor(local / dayMs) * dayMs;
}
