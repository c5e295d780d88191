/**
 * Which due times a look at the clock has to answer for, after the clock was set, the host slept, or no supervisor ran.
 * Pure. The rule is Vixie cron's, with one width for all of it: what hid up to three hours is made up for, once a job, for
 * schedules of fixed times of the day; schedules of "every so often" just go on. More than three hours is a correction:
 * nothing is made up for. A clock that goes back up to three hours brings no fixed time again; one that goes back
 * further is believed.
 */

/** Up to which instant (milliseconds since the epoch) due times were answered for, by the kind of their schedule. */
export type Looked = { readonly fixed: number; readonly often: number };

/** Due times after `after`, up to `until`, which is included; none when `until` is not greater. */
export type Window = { readonly after: number; readonly until: number };

/** What a look may be late by without anything having happened: the supervisor was busy. */
const lateMs = 5 * 60_000;
const madeUpMs = 3 * 3_600_000;

export function timePassed(
  before: Looked,
  now: number,
): { readonly fixed: Window; readonly often: Window; readonly looked: Looked } {
  const isCorrection = Math.abs(now - before.fixed) > madeUpMs;
  const recent = (since: number): Window => ({ after: Math.max(since, now - lateMs), until: now });
  return {
    fixed: isCorrection ? recent(before.fixed) : { after: before.fixed, until: now },
    often: recent(before.often),
    looked: { fixed: isCorrection ? now : Math.max(now, before.fixed), often: now },
  };
}
