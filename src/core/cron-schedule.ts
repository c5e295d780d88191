/**
 * The grammar of a cron schedule, as in Vixie cron: five fields (minute, hour, day of the month, month, day of the week),
 * each `*`, a number or name, a range, a step, or a list of these; or a short form such as `@daily`. When it comes next is
 * the supervisor's to say (supervisor/cron/next-time.ts).
 */

export type CronSchedule = {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Of the month, from 1. */
  readonly days: readonly number[];
  /** From 1. */
  readonly months: readonly number[];
  /** 0 is Sunday. */
  readonly weekdays: readonly number[];
  /** True when neither day field begins with `*`: then either of them is enough, else both must hold. */
  readonly eitherDay: boolean;
  /** True when neither minute nor hour begins with `*`: it means times of the day, and not "every so often". */
  readonly fixed: boolean;
};

type Field = { readonly name: string; readonly min: number; readonly max: number; readonly names?: readonly string[] };

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const minute: Field = { name: "minute", min: 0, max: 59 };
const hour: Field = { name: "hour", min: 0, max: 23 };
const day: Field = { name: "day of the month", min: 1, max: 31 };
const month: Field = { name: "month", min: 1, max: 12, names: monthNames };
/** 7 is Sunday as well. */
const weekday: Field = { name: "day of the week", min: 0, max: 7, names: dayNames };

const shortForms: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** Longest schedule, in characters. */
export const scheduleMax = 256;

/** The schedule; or what is wrong with it, as words that follow its name: `has 4 fields, ...`. */
export function parseCronSchedule(text: string): CronSchedule | string {
  if (text.length > scheduleMax) return `is longer than ${scheduleMax} characters`;
  const words = text.trim().toLowerCase().split(/\s+/);
  const [first = ""] = words;
  if (first.startsWith("@")) {
    const long = words.length === 1 && Object.hasOwn(shortForms, first) ? shortForms[first] : undefined;
    return long === undefined ? `is none of ${Object.keys(shortForms).join(", ")}` : parseCronSchedule(long);
  }
  if (words.length !== 5 || first === "") {
    return `has ${first === "" ? 0 : words.length} fields, but a schedule has five: minute, hour, day of the month, month, day of the week`;
  }
  const [m = "", h = "", d = "", mon = "", w = ""] = words;
  try {
    const schedule = {
      minutes: values(m, minute),
      hours: values(h, hour),
      days: values(d, day),
      months: values(mon, month),
      weekdays: [...new Set(values(w, weekday).map((one) => one % 7))].toSorted((a, b) => a - b),
      eitherDay: !d.startsWith("*") && !w.startsWith("*"),
      fixed: !m.startsWith("*") && !h.startsWith("*"),
    };
    return comes(schedule) ? schedule : "never comes: no month that it names has such a day";
  } catch (error) {
    if (error instanceof Wrong) return error.message;
    throw error;
  }
}

/** False for the 30th of February and its like. */
function comes({ days, months, eitherDay }: CronSchedule): boolean {
  const first = days[0] ?? 1;
  return eitherDay || months.some((one) => first <= longest(one));
}

function longest(one: number): number {
  return one === 2 ? 29 : [4, 6, 9, 11].includes(one) ? 30 : 31;
}

class Wrong extends Error {}

function values(text: string, field: Field): number[] {
  const found = new Set<number>();
  for (const item of text.split(",")) for (const value of valuesOf(item, field)) found.add(value);
  return [...found].toSorted((a, b) => a - b);
}

function valuesOf(item: string, field: Field): number[] {
  const shown = JSON.stringify(item.slice(0, 20)).slice(1, -1);
  const wrong = (what: string) => new Wrong(`has "${shown}" as its ${field.name}, which ${what}`);
  const [, range = "", stepText] = /^([^/]*)(?:\/([^/]*))?$/.exec(item) ?? [];
  if (range === "") throw wrong("is no number, range, step or `*`");
  const value = (word: string, isEnd: boolean): number => {
    const named = field.names?.indexOf(word) ?? -1;
    if (named >= 0) return isEnd && named === 0 && field === weekday ? 7 : named + (field === month ? 1 : 0);
    if (!/^\d{1,4}$/.test(word)) throw wrong(field.names === undefined ? "is no number" : "is no number or name");
    const number = Number(word);
    if (number >= field.min && number <= field.max) return number;
    throw wrong(`is not from ${field.min} to ${field.max}`);
  };
  const [from = "", to, ...more] = range.split("-");
  if (more.length > 0) throw wrong("is no range");
  const highest = field === weekday ? 6 : field.max;
  const first = range === "*" ? field.min : value(from, false);
  const last = range === "*" ? highest : to === undefined ? first : value(to, true);
  if (last < first) throw wrong("goes from the greater to the smaller");
  if (stepText === undefined) return steps(first, last, 1);
  if (range !== "*" && to === undefined) throw wrong("has a step without a range or `*`");
  const step = /^\d{1,4}$/.test(stepText) ? Number(stepText) : 0;
  if (step < 1 || step > field.max) throw wrong(`has a step that is not from 1 to ${field.max}`);
  return steps(first, last, step);
}

function steps(first: number, last: number, step: number): number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

/** True for an IANA time zone that this Node knows, such as `Europe/Berlin` or `UTC`. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(name)) return false;
  try {
    return Intl.DateTimeFormat("en-US", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
