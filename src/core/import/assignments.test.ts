import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Dialect, readAssignments } from "./assignments.ts";

const read = (text: string, dialect: Dialect = "dotenv") =>
  Object.fromEntries(readAssignments(text, dialect).found.map(({ name, value }) => [name, value]));
const notes = (text: string, dialect: Dialect = "dotenv") =>
  readAssignments(text, dialect).notes.map(({ line, why }) => `${line} ${why}`);

describe("a .env file", () => {
  const cases: readonly [title: string, text: string, wanted: Record<string, string>][] = [
    [
      "plain values, comments and empty lines",
      "# c\n\nA=1\n  B = two words  \nC=\n#D=4",
      { A: "1", B: "two words", C: "" },
    ],
    ["quotes of all kinds are taken off", `A="x y"\nB='x y'\nC=\`x y\``, { A: "x y", B: "x y", C: "x y" }],
    ["a comment behind a value", `A=1 # one\nB="# not" # yes\nC=a#b\nD=#x`, { A: "1", B: "# not", C: "a#b", D: "" }],
    [
      "escapes in double quotes alone",
      String.raw`A="l1\nl2\t\"q\" \$HOME \\ \w"` + "\n" + String.raw`B='l1\nl2'`,
      { A: 'l1\nl2\t"q" $HOME \\ \\w', B: "l1\\nl2" },
    ],
    [
      "values over several lines",
      `A="-----BEGIN\nabc=\n-----END"\nB='x\ny'\nC=3`,
      { A: "-----BEGIN\nabc=\n-----END", B: "x\ny", C: "3" },
    ],
    ["export, CRLF and a byte order mark", "\ufeffexport A=1\r\nexport\tB='2'\r\nC=3\r\n", { A: "1", B: "2", C: "3" }],
    [
      "equals signs and quotes inside",
      `URL=postgres://u:p@h/db?a=b\nB=it's\nJSON={"a": "b"}`,
      { URL: "postgres://u:p@h/db?a=b", B: "it's", JSON: '{"a": "b"}' },
    ],
    ["unicode", "NAME=Zoë 🦊", { NAME: "Zoë 🦊" }],
    ["the last one of a name", "A=1\nA=2", { A: "2" }],
  ];
  for (const [title, text, wanted] of cases) it(title, () => assert.deepEqual(read(text), wanted));

  it("runs nothing: a command stays as it is written, and is noted without its words", () => {
    const text =
      "export SECRET=$(cat /etc/passwd)\nexport $(grep -v '^#' .env | xargs)\nB=`id`\nC=\"$(id)\"\nD='$(id)'";
    const { found } = readAssignments(text, "dotenv");
    assert.deepEqual(Object.fromEntries(found.map(({ name, value }) => [name, value])), {
      SECRET: "$(cat /etc/passwd)",
      B: "id",
      C: "$(id)",
      D: "$(id)",
    });
    const told = notes(text);
    assert.equal(told.length, 3);
    assert.match(told[0] ?? "", /^1 has a value that a shell would run/);
    assert.equal(told[1], "2 is not NAME=value");
    assert.match(told[2] ?? "", /^4 has a value/);
    assert.ok(told.every((one) => !one.includes("passwd") && !one.includes("xargs")));
  });

  it("what is wrong with a line spoils no other line, and is told by its number", () => {
    const text = "A=\"open\nB=2\njust words\nC='x' trailing\nD=4";
    assert.deepEqual(read(text), { B: "2", D: "4" });
    assert.deepEqual(notes(text), [
      "1 opens a quote that is not closed",
      "3 is not NAME=value",
      "4 has something behind its value",
    ]);
  });

  it("counts lines behind a value of several", () => {
    assert.deepEqual(notes("A='x\ny\nz'\nbad"), ["4 is not NAME=value"]);
  });

  it("takes time in proportion to its length", () => {
    const started = performance.now();
    readAssignments('A="\n'.repeat(20_000), "dotenv");
    readAssignments(`A=${" ".repeat(200_000)}x`, "dotenv");
    readAssignments("=".repeat(200_000), "shell");
    assert.ok(performance.now() - started < 3000);
  });
});

describe("what a shell would read", () => {
  it("as heroku config --shell and dokku write it", () => {
    const text = `A=plain\nB='two words'\nC='it'\\''s'\nD="say \\"\\$x\\""\nE=a\\$b\\ c\nexport F='-----BEGIN\nx\n-----END'\nG=\nH=a'b'"c"`;
    assert.deepEqual(read(text, "shell"), {
      A: "plain",
      B: "two words",
      C: "it's",
      D: 'say "$x"',
      E: "a$b c",
      F: "-----BEGIN\nx\n-----END",
      G: "",
      H: "abc",
    });
  });

  it("keeps what it would run, and refuses what follows a value", () => {
    assert.deepEqual(read("A=$(id)\nB=x; rm -rf /\nC=y && id", "shell"), { A: "$(id)" });
    assert.equal(notes("A=$(id)", "shell").length, 1);
    assert.deepEqual(notes("B=x; rm -rf /\nC=y && id", "shell"), [
      "1 has something behind its value",
      "2 has something behind its value",
    ]);
  });
});
