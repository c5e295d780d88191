/**
 * Everything that is written as a script or read by a shell (the list of docs/security/checklist.md, row D33): what comes
 * into it has a strict alphabet, or is quoted so that a shell gives it back as it was and runs nothing of it.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { test, type TestContext } from "node:test";
import { commands } from "#cli/command-list.ts";
import { completionScript, shells } from "#cli/complete/script.ts";
import { globalFlags } from "#cli/define-command.ts";
import { isAppName, isEnvName, isUserName } from "#core/names.ts";
import { authorizedKeys } from "#paas/git/authorized-keys.ts";
import { writeHooks } from "#paas/git/hooks.ts";
import { applyEnvironment, renderEnvironment } from "#supervisor/output/apply-environment.ts";

function directory(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "hop3-scripts-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Texts that a shell would like to make something of; each makes a file in the working directory if it can. */
const hostile = [
  "$(touch pwned)",
  "`touch pwned`",
  "; touch pwned;",
  "| touch pwned",
  "& touch pwned &",
  "\n touch pwned\n",
  "\r\n touch pwned\r\n",
  "' ; touch pwned ; '",
  '" ; touch pwned ; "',
  "\\'; touch pwned",
  "$'\\x3b touch pwned'",
  "${IFS}touch${IFS}pwned",
  "!!",
  "~root",
  "*",
  "<(touch pwned)",
  "> pwned",
  "\u2028touch pwned",
  "$PATH",
  "-rf",
  "--",
  "a'b\"c\\d`e$f",
  "ünï\u202ecödé",
];

/** The same sequence each time. */
function* random(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state;
  }
}

/** Texts made by chance of what matters to a shell. */
function* texts(count: number): Generator<string> {
  const alphabet = Array.from(" \t\n\r'\"\\`$(){}[]<>|&;!*?~#=%^-+,.:/@aZ0\u00fc\u2028");
  const dice = random(33);
  const next = (max: number): number => (dice.next().value as number) % max;
  yield* hostile;
  for (let made = 0; made < count; made += 1) {
    yield Array.from({ length: 1 + next(24) }, () => alphabet[next(alphabet.length)]).join("");
  }
}

test("names that come into scripts, paths and units have an alphabet without anything of a shell", () => {
  for (const text of texts(2000)) {
    for (const isName of [isAppName, isEnvName, isUserName]) {
      if (isName(text)) assert.match(text, /^[A-Za-z0-9._-]+$/, JSON.stringify(text));
    }
  }
});

test("completion scripts are made of words of a strict alphabet alone, and shells can read them", (t) => {
  const words = [
    ...commands.flatMap(({ path, aliases = [] }) => [path, ...aliases].flat()),
    ...[...globalFlags, ...commands.flatMap(({ flags }) => flags)].flatMap(({ name, short = "x" }) => [name, short]),
    ...commands.flatMap(({ positionals }) => positionals.flatMap(({ values = [] }) => values)),
  ];
  for (const word of words) assert.match(word, /^[A-Za-z0-9][A-Za-z0-9:_-]*$/);
  const file = join(directory(t), "script");
  for (const shell of shells) {
    writeFileSync(file, completionScript(shell, commands));
    const read = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if (read.error !== undefined) t.diagnostic(`${shell} is not on this host`);
    else assert.equal(read.status, 0, read.stderr);
  }
});

test("the environment of an app reaches it through a shell as it is, and none of it runs", async (t) => {
  const cwd = directory(t);
  const values = [...texts(200)].filter((text) => !text.includes("\0"));
  const environment = Object.fromEntries(values.map((value, index) => [`V${index}`, value]));
  const child = spawn("/bin/sh", ["-c", applyEnvironment(3), "app", "env", "-0"], {
    cwd,
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  const input = child.stdio[3] as Duplex;
  input.end(renderEnvironment(environment));
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  await once(child, "close");
  const found = new Map(
    said.split("\0").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
  for (const [name, value] of Object.entries(environment)) assert.equal(found.get(name), value, JSON.stringify(value));
  assert.deepEqual(readdirSync(cwd), []);
});

test("git's hooks hand on what a client calls its refs, and run none of it", async (t) => {
  const cwd = directory(t);
  const hooks = join(cwd, "hooks");
  writeHooks(hooks);
  for (const text of hostile) {
    if (text.includes("\n")) continue; // no ref has one: git refuses it before
    const ref = `refs/heads/${text}`;
    const zero = "0".repeat(40);
    const child = spawn(join(hooks, "update"), [ref, zero, zero], { cwd, stdio: ["ignore", "ignore", "pipe", "pipe"] });
    const channel = child.stdio[3] as Duplex;
    let asked = "";
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    channel.setEncoding("utf8").on("data", (chunk: string) => {
      asked += chunk;
      if (asked.endsWith("\n\n")) channel.write(`say told ${text}\nexit 3\n`);
    });
    const [status] = (await once(child, "close")) as [number];
    assert.equal(status, 3);
    assert.equal(asked, `update\n${zero} ${zero} ${ref}\n\n`);
    assert.equal(said, `told ${text}\n`);
  }
  assert.deepEqual(readdirSync(cwd), ["hooks"]);
});

test("a line for sshd stays one line and runs the one program, whatever its words are", (t) => {
  const cwd = directory(t);
  for (const text of texts(100)) {
    if (/[\n\r]/.test(text)) continue; // a path of the server's own; no fingerprint has one
    const key = {
      user: "ada",
      name: "laptop",
      key: "ssh-ed25519 AAAA",
      fingerprint: "SHA256:x",
      createdAt: "",
      lastUsedAt: null,
    };
    const lines = authorizedKeys([key], ["/bin/echo", text]).trimEnd().split("\n");
    assert.equal(lines.length, 2);
    const [, quoted = ""] = /^restrict,command="((?:[^"\\]|\\.)*)" ssh-ed25519 AAAA$/.exec(lines[1] ?? "") ?? [];
    // sshd takes the backslash from a quote, and from nothing else.
    const command = quoted.replaceAll('\\"', '"');
    const ran = spawnSync("/bin/sh", ["-c", command], {
      cwd,
      encoding: "utf8",
      env: { SSH_ORIGINAL_COMMAND: "$(touch pwned)", SSH_CONNECTION: "`touch pwned`", GIT_PROTOCOL: "; touch pwned" },
    });
    assert.equal(ran.stdout, `${text} SHA256:x $(touch pwned) \`touch pwned\` ; touch pwned\n`, JSON.stringify(text));
  }
  assert.deepEqual(readdirSync(cwd), []);
});
