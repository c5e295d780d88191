import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isTimeZone, parseCronSchedule, type CronSchedule } from "./cron-schedule.ts";

function parsed(text: string): CronSchedule {
  const found = parseCronSchedule(text);
  if (typeof found === "string") throw new assert.AssertionError({ message: `${text} ${found}` });
  return found;
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("a cron schedule", () => {
  it("has five fields of numbers, ranges, steps, lists and names", () => {
    assert.deepEqual(parsed("*/20 0-5,22 1,15 JAN,jun-Aug Mon-FRI"), {
      minutes: [0, 20, 40],
      hours: [0, 1, 2, 3, 4, 5, 22],
      days: [1, 15],
      months: [1, 6, 7, 8],
      weekdays: [1, 2, 3, 4, 5],
      eitherDay: true,
      fixed: false,
    });
    assert.deepEqual(parsed("10-50/15 8-18/5 * * *").minutes, [10, 25, 40]);
    assert.deepEqual(parsed("  5\t4  * * *  ").hours, [4]);
    assert.deepEqual(parsed("* * * * *").minutes, range(0, 59));
  });

  it("has Sunday as 0, 7 and SUN, also at the end of a range", () => {
    for (const text of ["0", "7", "sun", "0,7"]) assert.deepEqual(parsed(`0 0 * * ${text}`).weekdays, [0], text);
    assert.deepEqual(parsed("0 0 * * fri-sun").weekdays, [0, 5, 6]);
    assert.deepEqual(parsed("0 0 * * 5-7").weekdays, [0, 5, 6]);
    assert.deepEqual(parsed("0 0 * * sun-tue").weekdays, [0, 1, 2]);
    assert.deepEqual(parsed("0 0 * * *").weekdays, range(0, 6));
    assert.deepEqual(parsed("0 0 * * */7").weekdays, [0]);
  });

  it("takes either day field unless one begins with a star", () => {
    assert.equal(parsed("0 0 13 * 5").eitherDay, true);
    for (const text of ["0 0 13 * *", "0 0 * * 5", "0 0 */2 * 5", "0 0 13 * */2"])
      assert.equal(parsed(text).eitherDay, false, text);
  });

  it("means times of the day unless its minute or hour begins with a star", () => {
    assert.equal(parsed("30 2 * * *").fixed, true);
    assert.equal(parsed("0,30 1-4 * * *").fixed, true);
    for (const text of ["*/5 2 * * *", "0 * * * *", "0 */2 * * *", "@hourly"])
      assert.equal(parsed(text).fixed, false, text);
  });

  it("has short forms", () => {
    for (const [short, long] of [
      ["@hourly", "0 * * * *"],
      ["@daily", "0 0 * * *"],
      ["@Midnight", "0 0 * * *"],
      ["@weekly", "0 0 * * 0"],
      ["@monthly", "0 0 1 * *"],
      ["@yearly", "0 0 1 1 *"],
      ["@annually", "0 0 1 1 *"],
    ] as const) {
      assert.deepEqual(parsed(short), parsed(long), short);
    }
  });

  for (const [text, says] of [
    ["", /^has 0 fields, but a schedule has five: minute, hour/],
    ["* * * *", /^has 4 fields/],
    ["0 * * * * *", /^has 6 fields/],
    ["60 * * * *", /^has "60" as its minute, which is not from 0 to 59/],
    ["* 24 * * *", /^has "24" as its hour, which is not from 0 to 23/],
    ["* * 0 * *", /day of the month, which is not from 1 to 31/],
    ["* * * 13 *", /month, which is not from 1 to 12/],
    ["* * * * 8", /day of the week, which is not from 0 to 7/],
    ["* * * * mondays", /day of the week, which is no number or name/],
    ["* * * jan5 *", /month, which is no number or name/],
    ["5/15 * * * *", /has a step without a range or `\*`/],
    ["*/0 * * * *", /has a step that is not from 1 to 59/],
    ["*/60 * * * *", /has a step that is not from 1 to 59/],
    ["30-10 * * * *", /goes from the greater to the smaller/],
    ["1,,2 * * * *", /is no number, range, step or `\*`/],
    ["1-2-3 * * * *", /is no range/],
    ["-1 * * * *", /is no number/],
    ["1. * * * *", /is no number/],
    ["*/*/2 * * * *", /is no number, range, step/],
    ["* * L * *", /is no number/],
    ["* * ? * *", /is no number/],
    ["0 0 30 2 *", /^never comes/],
    ["0 0 31 4,6,9,11 *", /^never comes/],
    ["0 0 31 2 */2", /^never comes/],
    ["@reboot", /^is none of @yearly/],
    ["@daily x", /^is none of/],
    ["@constructor", /^is none of/],
    [`${"1,".repeat(200)}1 * * * *`, /^is longer than 256/],
  ] as const) {
    it(`that says ${JSON.stringify(text.slice(0, 30))} is told what is wrong`, () => {
      const found = parseCronSchedule(text);
      assert.match(typeof found === "string" ? found : "is taken", says);
    });
  }

  it("of a rare day comes all the same", () => {
    for (const text of ["0 0 29 2 *", "0 0 31 1,2 *", "0 0 31 2 5"]) parsed(text);
  });

  it("shows no control character of what it was given", () => {
    const found = parseCronSchedule("\u001b[2J * * * *");
    assert.ok(typeof found === "string" && !found.includes("\u001b"));
  });
});

describe("a time zone", () => {
  it("is an IANA name and nothing else", () => {
    for (const name of ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
      assert.ok(isTimeZone(name), name);
    for (const name of ["", "Mars/Phobos", "+02:00", "../etc/passwd", "Europe/Berlin\0", "a".repeat(65)])
      assert.ok(!isTimeZone(name), name);
  });
});
