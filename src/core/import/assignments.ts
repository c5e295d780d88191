/**
 * `NAME=value` files that other tools write: `.env`, what `heroku config --shell` prints, dokku's ENV. They are read, and
 * nothing in them is ever run: what a shell would replace (`$(...)`, `` `...` ``) stays as it is written, and is noted.
 */

export type Assignment = { readonly name: string; readonly value: string; readonly line: number };

export type Assignments = {
  readonly found: readonly Assignment[];
  /** What could not be read, or not as it was meant; never a value. */
  readonly notes: readonly { readonly line: number; readonly why: string }[];
};

/** `shell`: what stands for itself ends at a space and may be escaped. `dotenv`: it goes to the end of its line, or ` #`. */
export type Dialect = "dotenv" | "shell";

const head = /^[ \t]*(?:export[ \t]+)?([^\s=#]+)[ \t]*=[ \t]*/;
const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Takes time in proportion to the text. */
export function readAssignments(text: string, dialect: Dialect): Assignments {
  const whole = text.replace(/^\ufeff/, "").replaceAll(/\r\n?/g, "\n");
  const found: Assignment[] = [];
  const notes: { line: number; why: string }[] = [];
  const seen = new Map<string, number>();
  let line = 1;
  for (let at = 0; at < whole.length;) {
    const end = endOfLine(whole, at);
    const content = whole.slice(at, end);
    const start = head.exec(content);
    const isEmpty = /^[ \t]*(#.*)?$/.test(content);
    if (start === null || start[1] === undefined) {
      if (!isEmpty) notes.push({ line, why: "is not NAME=value" });
      at = end + 1;
      line += 1;
      continue;
    }
    const name = start[1];
    const value = readValue(whole, at + start[0].length, dialect);
    if (value.problem !== undefined) notes.push({ line, why: value.problem });
    else {
      if (seen.has(name))
        notes.push({ line, why: `gives a name again that line ${seen.get(name)} has; the last one counts` });
      if (value.runs)
        notes.push({ line, why: "has a value that a shell would run or replace; it is taken as it is written" });
      seen.set(name, line);
      found.push({ name, value: value.text, line });
    }
    // A quote that is not closed spoils its own line, and not the whole file.
    const next = value.problem === undefined ? value.end : end;
    line += count(whole, at, next) + 1;
    at = next + 1;
  }
  return { found: lastOfEach(found), notes };
}

type Value = { readonly text: string; readonly end: number; readonly problem?: string; readonly runs: boolean };

/** From the first character of a value to the end of its last line. */
function readValue(text: string, from: number, dialect: Dialect): Value {
  let at = from;
  let value = "";
  let runs = false;
  let quoted = false;
  const end = (): number => endOfLine(text, at);
  while (at < text.length && text[at] !== "\n") {
    const char = text[at] ?? "";
    const isQuote = char === "'" || char === '"' || (char === "`" && dialect === "dotenv" && !quoted && value === "");
    if (isQuote && (dialect === "shell" || quoted || value === "")) {
      const part = char === '"' ? readDouble(text, at, dialect) : readLiteral(text, at, char);
      if (part === undefined) return { text: "", end: end(), problem: "opens a quote that is not closed", runs };
      value += part.text;
      runs ||= char === '"' && /\$\(|`/.test(part.text);
      at = part.end;
      quoted = true;
    } else if (dialect === "shell" && char === "\\" && text[at + 1] !== "\n") {
      value += text[at + 1] ?? "";
      at += 2;
      quoted = true;
    } else if (dialect === "shell" ? /[ \t;&|]/.test(char) : quoted) {
      const rest = text.slice(at, end());
      // Behind a value only a comment may follow.
      if (/^[ \t]*(#.*)?$/.test(rest)) return { text: value, end: end(), runs };
      return { text: "", end: end(), problem: "has something behind its value", runs };
    } else if (dialect === "dotenv") {
      const plain = text
        .slice(at, end())
        .replace(/(^|[ \t])#.*$/, "")
        .trimEnd();
      return { text: plain, end: end(), runs: /\$\(|`/.test(plain) };
    } else {
      runs ||= char === "`" || (char === "$" && text[at + 1] === "(");
      value += char;
      at += 1;
    }
  }
  return { text: value, end: at, runs };
}

function readLiteral(text: string, from: number, quote: string): { text: string; end: number } | undefined {
  const close = text.indexOf(quote, from + 1);
  return close < 0 ? undefined : { text: text.slice(from + 1, close), end: close + 1 };
}

/** In a shell only a few characters can be escaped; the dotenv libraries know line ends besides. */
function readDouble(text: string, from: number, dialect: Dialect): { text: string; end: number } | undefined {
  let value = "";
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (char === '"') return { text: value, end: at + 1 };
    const next = text[at + 1] ?? "";
    if (char !== "\\" || next === "") value += char;
    else {
      at += 1;
      const known = dialect === "dotenv" ? escapes[next] : undefined;
      value += known ?? (/["\\$`!]/.test(next) ? next : next === "\n" && dialect === "shell" ? "" : `\\${next}`);
    }
  }
  return undefined;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function count(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}

function lastOfEach(found: readonly Assignment[]): Assignment[] {
  return [...new Map(found.map((one) => [one.name, one])).values()];
}
