import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCronSchedule, type CronSchedule } from "#core/cron-schedule.ts";
import { nextTime } from "./next-time.ts";
import { offsetAt } from "./time-zone.ts";

function schedule(text: string): CronSchedule {
  const found = parseCronSchedule(text);
  if (typeof found === "string") throw new assert.AssertionError({ message: `${text} ${found}` });
  return found;
}

const minuteMs = 60_000;
const ms = (time: string) => Date.parse(time.endsWith("Z") || /[+-]\d\d:\d\d$/.test(time) ? time : `${time}Z`);
const shown = (time: number | null) => (time === null ? null : new Date(time).toISOString().slice(0, 16));

/** Several in a row. */
function following(text: string, zone: string, after: string, count: number): (string | null)[] {
  let at: number | null = ms(after);
  const found: (string | null)[] = [];
  while (at !== null && found.length < count) {
    at = nextTime(schedule(text), zone, at);
    found.push(shown(at));
  }
  return found;
}

describe("the next time of a schedule", () => {
  for (const [text, after, ...expected] of [
    ["* * * * *", "2026-01-01T00:00:00", "2026-01-01T00:01", "2026-01-01T00:02"],
    ["* * * * *", "2026-01-01T00:00:59.999", "2026-01-01T00:01"],
    ["*/15 * * * *", "2026-01-01T23:50", "2026-01-02T00:00", "2026-01-02T00:15"],
    ["@hourly", "2026-12-31T23:00", "2027-01-01T00:00", "2027-01-01T01:00"],
    ["30 2 * * *", "2026-11-21T02:30", "2026-11-22T02:30"],
    ["30 2 * * *", "2026-11-21T02:29:59", "2026-11-21T02:30"],
    ["0 9 * * MON-FRI", "2026-11-20T09:00", "2026-11-23T09:00", "2026-11-24T09:00"],
    ["0 0 * * SUN", "2026-11-21T00:00", "2026-11-22T00:00", "2026-11-29T00:00"],
    ["0 0 1 * *", "2026-11-21T00:00", "2026-12-01T00:00", "2027-01-01T00:00"],
    ["0 0 31 * *", "2026-11-21T00:00", "2026-12-31T00:00", "2027-01-31T00:00", "2027-03-31T00:00"],
    ["0 0 29 2 *", "2026-11-21T00:00", "2028-02-29T00:00", "2032-02-29T00:00"],
    ["0 0 29 2 *", "2096-03-01T00:00", "2104-02-29T00:00"],
    // Friday or the 13th, as Vixie cron takes it.
    ["0 0 13 * 5", "2026-11-06T00:00", "2026-11-13T00:00", "2026-11-20T00:00", "2026-11-27T00:00", "2026-12-04T00:00"],
    ["0 0 13 * 5", "2026-12-11T00:00", "2026-12-13T00:00", "2026-12-18T00:00"],
    // A field that begins with a star narrows: odd days that are Mondays.
    ["0 0 */2 * 1", "2026-11-21T00:00", "2026-11-23T00:00", "2026-12-07T00:00", "2026-12-21T00:00"],
    ["59 23 31 12 *", "2026-12-31T23:59", "2027-12-31T23:59"],
    ["0 12 1-7 * */7", "2026-11-21T00:00", "2026-12-06T12:00", "2027-01-03T12:00"],
    ["@yearly", "2026-01-01T00:00", "2027-01-01T00:00"],
    ["5,35 8-10/2 * 3 *", "2026-11-21T00:00", "2027-03-01T08:05", "2027-03-01T08:35", "2027-03-01T10:05"],
  ] as const) {
    it(`of ${text} after ${after}`, () => {
      assert.deepEqual(following(text, "UTC", after, expected.length), expected);
    });
  }

  it("is none for a day that no year of the next forty has", () => {
    const never = { ...schedule("0 0 29 2 *"), days: [30] };
    assert.equal(nextTime(never, "UTC", ms("2026-01-01T00:00")), null);
    assert.equal(nextTime(never, "Europe/Berlin", ms("2026-01-01T00:00")), null);
  });

  it("goes by the clocks of its zone, in whole and in broken hours", () => {
    assert.deepEqual(following("0 9 * * *", "Europe/Berlin", "2026-01-10T00:00", 1), ["2026-01-10T08:00"]);
    assert.deepEqual(following("0 9 * * *", "Europe/Berlin", "2026-07-10T00:00", 1), ["2026-07-10T07:00"]);
    assert.deepEqual(following("0 9 * * *", "Asia/Kathmandu", "2026-07-10T00:00", 1), ["2026-07-10T03:15"]);
    assert.deepEqual(following("0 0 * * MON", "Pacific/Kiritimati", "2026-11-21T00:00", 1), ["2026-11-22T10:00"]);
    assert.deepEqual(following("0 0 * * MON", "Pacific/Pago_Pago", "2026-11-21T00:00", 1), ["2026-11-23T11:00"]);
  });
});

// Berlin: 2026-03-29, 02:00 becomes 03:00 at 01:00Z; 2026-10-25, 03:00 becomes 02:00 at 01:00Z.
describe("where clocks are put forward", () => {
  it("a time that is skipped comes once, right after the gap", () => {
    const days = ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"];
    assert.deepEqual(following("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00", 3), days);
  });

  it("several times that are skipped, and one that is not but falls there, are one", () => {
    assert.deepEqual(following("0,15,30 2,3 29 3 *", "Europe/Berlin", "2026-03-28T12:00", 4), [
      "2026-03-29T01:00",
      "2026-03-29T01:15",
      "2026-03-29T01:30",
      "2027-03-29T00:00",
    ]);
  });

  it("a schedule of every so often just goes on", () => {
    assert.deepEqual(following("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00", 4), [
      "2026-03-29T00:30",
      "2026-03-29T01:00",
      "2026-03-29T01:30",
      "2026-03-29T02:00",
    ]);
    assert.deepEqual(following("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 1), ["2026-03-30T00:00"]);
  });

  it("by half an hour, at midnight, or by a whole day, it is the same", () => {
    // Lord Howe: 2026-10-04 02:00 becomes 02:30, at 15:30Z the day before.
    assert.deepEqual(following("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00", 2), [
      "2026-10-03T15:30",
      "2026-10-04T15:15",
    ]);
    // Cairo: 2026-04-24 00:00 becomes 01:00, at 22:00Z the day before.
    assert.deepEqual(following("0 0 * * *", "Africa/Cairo", "2026-04-23T00:00", 2), [
      "2026-04-23T22:00",
      "2026-04-24T21:00",
    ]);
    // Apia had no 2011-12-30: it came right after 2011-12-29, 24:00, at 10:00Z.
    assert.deepEqual(following("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00", 2), [
      "2011-12-30T10:00",
      "2012-12-29T22:00",
    ]);
  });
});

describe("where clocks are put back", () => {
  it("a time that comes twice comes once, at the first", () => {
    assert.deepEqual(following("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 2), [
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
    assert.deepEqual(following("0 2,3 25 10 *", "Europe/Berlin", "2026-10-24T12:00", 2), [
      "2026-10-25T00:00",
      "2026-10-25T02:00",
    ]);
  });

  it("a schedule of every so often just goes on", () => {
    assert.deepEqual(following("0 * * * *", "Europe/Berlin", "2026-10-24T23:30", 4), [
      "2026-10-25T00:00",
      "2026-10-25T01:00",
      "2026-10-25T02:00",
      "2026-10-25T03:00",
    ]);
    assert.deepEqual(following("*/30 2 * * *", "Europe/Berlin", "2026-10-24T23:30", 5), [
      "2026-10-25T00:00",
      "2026-10-25T00:30",
      "2026-10-25T01:00",
      "2026-10-25T01:30",
      "2026-10-26T01:00",
    ]);
  });

  it("over midnight, the second evening is not taken for the next day's", () => {
    // Havana: 2026-11-01 01:00 becomes 00:00, at 05:00Z.
    assert.deepEqual(following("30 0 * * *", "America/Havana", "2026-10-31T12:00", 2), [
      "2026-11-01T04:30",
      "2026-11-02T05:30",
    ]);
    // St. John's changed at one minute past midnight until 2011: 2010-11-07 00:01 became 2010-11-06 23:01, at 02:31Z.
    assert.deepEqual(following("0,30 * 6,7 11 *", "America/St_Johns", "2010-11-07T01:45", 4), [
      "2010-11-07T02:00",
      "2010-11-07T02:30",
      "2010-11-07T03:00",
      "2010-11-07T03:30",
    ]);
  });
});

/** What is due, minute by minute, by what the clocks of the zone show; as slow as it is plain. */
function naive(one: CronSchedule, zone: string, after: number, limit: number): number | null {
  const local = (instant: number) => instant + offsetAt(zone, instant);
  const matches = (time: number) => {
    const date = new Date(time);
    if (!one.minutes.includes(date.getUTCMinutes()) || !one.hours.includes(date.getUTCHours())) return false;
    if (!one.months.includes(date.getUTCMonth() + 1)) return false;
    const byDate = one.days.includes(date.getUTCDate());
    const byWeekday = one.weekdays.includes(date.getUTCDay());
    return one.eitherDay ? byDate || byWeekday : byDate && byWeekday;
  };
  // From a day before, to know which times have been shown already.
  let latest = Number.NEGATIVE_INFINITY;
  for (let at = Math.floor(after / minuteMs) * minuteMs - 86_400_000; at <= limit; at += minuteMs) {
    const now = local(at);
    const before = local(at - minuteMs);
    let due = matches(now);
    if (one.fixed) {
      due &&= now > latest;
      for (let gone = before + minuteMs; gone < now; gone += minuteMs) due ||= gone > latest && matches(gone);
    }
    latest = Math.max(latest, now);
    if (due && at > after) return at;
  }
  return null;
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("the next time of random schedules", () => {
  const changes = [
    ["UTC", "2026-02-28T12:00"],
    ["Europe/Berlin", "2026-03-28T20:00"],
    ["Europe/Berlin", "2026-10-24T20:00"],
    ["America/New_York", "2026-03-08T02:00"],
    ["America/New_York", "2026-11-01T02:00"],
    ["Australia/Lord_Howe", "2026-10-03T10:00"],
    ["Australia/Lord_Howe", "2026-04-04T10:00"],
    ["Africa/Cairo", "2026-04-23T18:00"],
    ["America/St_Johns", "2010-11-06T22:00"],
    ["America/Havana", "2026-10-31T22:00"],
    ["Pacific/Apia", "2011-12-30T02:00"],
    ["Asia/Kathmandu", "2026-12-31T10:00"],
  ] as const;
  const days = 2;

  for (const [index, [zone, around]] of changes.entries()) {
    it(`is what a walk minute by minute finds: ${zone} around ${around}`, () => {
      const random = seeded(1000 + index);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
      const field = (min: number, max: number, stars: number): string => {
        if (random() < stars) return random() < 0.5 ? "*" : `*/${1 + Math.floor(random() * Math.min(max, 9))}`;
        const items = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
          const from = min + Math.floor(random() * (max - min + 1));
          const to = from + Math.floor(random() * (max - from + 1));
          return random() < 0.6
            ? `${from}`
            : random() < 0.5
              ? `${from}-${to}`
              : `${from}-${to}/${1 + Math.floor(random() * 5)}`;
        });
        return items.join(",");
      };
      for (let turn = 0; turn < 25; turn += 1) {
        const hours = pick([field(0, 4, 0.4), field(0, 23, 0.4), "2", "0,23", "1-3"]);
        const text = [field(0, 59, 0.3), hours, field(1, 31, 0.7), "*", field(0, 7, 0.7)].join(" ");
        const one = schedule(text);
        const after = ms(around) + Math.floor(random() * 24 * 3_600_000);
        const limit = after + days * 86_400_000;
        const found = nextTime(one, zone, after);
        const within = found !== null && found <= limit ? found : null;
        assert.equal(
          shown(within),
          shown(naive(one, zone, after, limit)),
          `${text} after ${new Date(after).toISOString()}`,
        );
      }
    });
  }
});
