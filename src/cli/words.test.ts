import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "./command-list.ts";
import { globalFlags } from "./define-command.ts";
import { isLoopback } from "./http.ts";
import { parseLine } from "./parse.ts";
import { quickCommand, quickCommands } from "./quick-commands.ts";
import { printable } from "#core/printable.ts";
import { logText } from "./show-lines.ts";
import { localTime, table } from "./render.ts";
import { nameOfDirectory } from "./resolve/which-app.ts";
import { assignments, wholeNumber } from "./values.ts";

test("no two commands share their words, and each flag is its own beside the global ones", () => {
  const words = commands.flatMap(({ path, aliases }) => [path, ...(aliases ?? [])].map((one) => one.join(" ")));
  assert.equal(new Set(words).size, words.length);
  for (const { path, flags } of commands) {
    const names = [...globalFlags, ...flags].flatMap(({ name, short }) =>
      short === undefined ? [name] : [name, short],
    );
    assert.equal(new Set(names).size, names.length, path.join(" "));
  }
});

test("a quick command is the one that the table has for its words, and no other begins with them", async () => {
  for (const [key, load] of Object.entries(quickCommands)) {
    const words = key.split(" ");
    assert.equal(
      await load(),
      parseLine(commands, words.length === 1 ? [key, "--help"] : [...words, "--help"]).command,
      key,
    );
    assert.equal(await quickCommand([...words, "--json"]), await load(), key);
    const longer = commands.some(
      ({ path }) => path.length > words.length && words.every((word, at) => path[at] === word),
    );
    assert.ok(words.length === 1 || !longer, key);
  }
  for (const line of [["ps", "scale"], ["deploy", "cancel"], ["-a", "blog", "apps"], [], ["constructor"]])
    assert.equal(await quickCommand(line), undefined);
});

test("what a command says to see exists, and its examples parse as itself", () => {
  const words = new Set(
    commands.flatMap(({ path, aliases }) => [path, ...(aliases ?? [])].map((one) => one.join(" "))),
  );
  for (const command of commands) {
    for (const other of command.seeAlso ?? []) assert.ok(words.has(other), `${command.path.join(" ")} -> ${other}`);
    for (const example of command.examples) {
      const line = /(?:^|\| |\(|^sudo )hop3 ([^|<>()]*)/.exec(example)?.[1]?.trim().split(/\s+/) ?? [];
      if (line[0] === "--version") continue;
      assert.equal(parseLine(commands, line).command, command, example);
    }
  }
});

test("global flags may stand anywhere in the line", () => {
  for (const line of ["-a blog logs -vv -n 5", "logs -n 5 -a blog -v -v", "logs --app=blog -vvn 5"]) {
    const { command, flags } = parseLine(commands, line.split(" "));
    assert.deepEqual(command?.path, ["app", "logs"], line);
    assert.deepEqual([flags["app"], flags["verbose"], flags["lines"]], ["blog", 2, "5"], line);
  }
  assert.equal(parseLine(commands, ["apps", "--no-input"]).flags["no-input"], true);
  assert.equal(parseLine(commands, ["apps"]).flags["no-input"], undefined);
});

test("an error of the line never repeats a value of it", () => {
  for (const line of [
    ["env", "set", "--secret=s3cret"],
    ["env", "set", "s3cret"],
    ["apps", "s3cret"],
    ["--s3=s3cret"],
  ]) {
    try {
      const { command, args } = parseLine(commands, line);
      assert.deepEqual([command?.path, args["assignment"]], [["env", "set"], ["s3cret"]]);
    } catch (error) {
      assert.doesNotMatch(String(error), /s3cret/);
    }
  }
});

test("text from elsewhere keeps its colours and loses every other control", () => {
  assert.equal(printable("\u001b[31mred\u001b[0m\tend\n"), "\u001b[31mred\u001b[0m\tend\n");
  assert.equal(printable("a\u001b[2Jb\u001b]0;title\u0007c\u009b5nd\re\u202ef\u0000g"), "abcdefg");
});

test("a time is told as the reader's clock has it", () => {
  for (const iso of ["2026-01-02T03:04:05.678Z", "2026-07-31T23:59:59Z", "1970-01-01T00:00:00Z"]) {
    assert.equal(localTime(iso), new Date(iso).toLocaleString("sv-SE"));
  }
  assert.equal(localTime(null), "-");
  assert.equal(localTime("soon"), "soon");
});

test("a table's columns are as wide as their widest cell", () => {
  assert.equal(table(["A", "LONG"], [["wide cell", "x"]]), "A          LONG\nwide cell  x");
});

test("a directory's name becomes a valid app name or none", () => {
  assert.equal(nameOfDirectory("/srv/My Site_2"), "my-site-2");
  assert.equal(nameOfDirectory("/srv/2024-blog-"), "blog");
  assert.equal(nameOfDirectory("/srv/日本"), undefined);
  assert.equal(nameOfDirectory("/"), undefined);
});

test("only this machine is loopback", () => {
  for (const host of ["localhost", "a.localhost", "127.0.0.1", "127.8.8.8", "[::1]"]) assert.ok(isLoopback(host), host);
  for (const host of ["127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "[::2]"])
    assert.ok(!isLoopback(host), host);
});

test("values of the line are checked without being repeated", () => {
  assert.deepEqual(assignments(["A=1", "B=x=y", "A=2", "C="]), { A: "2", B: "x=y", C: "" });
  assert.throws(
    () => assignments(["A B=s3cret"]),
    (error: Error) => !error.message.includes("s3cret"),
  );
  assert.equal(wholeNumber("7", "--n", 1, 9), 7);
  for (const text of ["0", "10", "-1", "1.5", "x", ""])
    assert.throws(() => wholeNumber(text, "--n", 1, 9), { code: "USAGE" });
});

test("a log line's time and source come from the server too, and steer no terminal", () => {
  const line = {
    at: "x\u001b]52;c;ZXZpbA==\u0007",
    source: "web\u001b[2J.1",
    stream: "stdout",
    text: "a\u001bcb",
  } as const;
  for (const verbose of [true, false]) {
    const shown = logText(line, verbose);
    assert.ok(!shown.includes("\u001b") && !shown.includes("\u0007"), JSON.stringify(shown));
  }
});
