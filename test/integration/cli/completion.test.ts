/** Tab in real shells: words from the script, names from the server, and nothing when it does not answer. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Client } from "#cli/client.ts";
import { liveNames } from "#cli/complete/names.ts";
import { exec } from "#sys/exec.ts";
import { commandLine, hop3 } from "./command-line.ts";

const shells = {
  bash: (words: readonly string[]) => ["bash", "-c", asked("source complete.bash", words)],
  zsh: (words: readonly string[]) => [
    "zsh",
    "-fc",
    asked("autoload -Uz compinit; compinit -u -D; source complete.zsh 2>/dev/null; emulate -R ksh", words),
  ],
  fish: (words: readonly string[]) => [
    "fish",
    "--no-config",
    "-c",
    `source complete.fish; complete -C '${words.join(" ")}' | cut -f1`,
  ],
};

/** The function that the shell itself would call. */
function asked(before: string, words: readonly string[]): string {
  const line = words.map((word) => (word === "" ? "''" : word)).join(" ");
  return `${before}; COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _hop3; printf '%s\\n' "\${COMPREPLY[@]}"`;
}

async function shellsAtHand(context: TestContext) {
  const line = await commandLine(context);
  const { home, run, loggedIn } = line;
  const bin = join(home, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "hop3"), `#!/bin/sh\nexec '${process.execPath}' '${hop3}' "$@"\n`, { mode: 0o755 });
  for (const shell of Object.keys(shells))
    writeFileSync(join(home, `complete.${shell}`), (await run(["completion", shell])).stdout);
  const tab = async (shell: keyof typeof shells, words: readonly string[], env: Record<string, string> = {}) => {
    const argv = shells[shell](words);
    const ran = await exec(argv, {
      cwd: home,
      env: { ...loggedIn, ...env, PATH: `${bin}:${loggedIn.PATH}` },
      timeoutMs: 30_000,
    });
    assert.equal(ran.stderr, "", `${shell}: ${words.join(" ")}`);
    return ran.stdout.split("\n").filter((word) => word !== "");
  };
  return { ...line, tab };
}

for (const shell of ["bash", "zsh", "fish"] as const) {
  const path = [`/usr/bin/${shell}`, `/bin/${shell}`].find((one) => existsSync(one));
  test(
    `${shell} completes words, and names that only the server knows`,
    {
      skip: path === undefined ? `${shell} is not installed` : false,
    },
    async (context) => {
      const { tab, platform } = await shellsAtHand(context);
      platform.apps.set("blog2", { env: {}, domains: [], scale: 1, stopped: false, release: 1 });
      assert.ok((await tab(shell, ["hop3", "app", "bu"])).includes("build-logs"));
      assert.deepEqual((await tab(shell, ["hop3", "status", "--app", "bl"])).toSorted(), ["blog", "blog2"]);
      assert.deepEqual(await tab(shell, ["hop3", "env", "get", "--app", "blog", ""]), ["TOKEN"]);
      assert.ok((await tab(shell, ["hop3", "cron", "run", "-a", "blog", "ni"])).includes("nightly"));
      assert.ok((await tab(shell, ["hop3", "logs", "-a", "blog", "--process", "w"])).includes("web"));
      assert.ok((await tab(shell, ["hop3", "release", "show", "-a", "blog", ""])).includes("1"));
    },
  );
}

test("a server that is not there offers nothing, says nothing and is not waited for; what was kept is used", async (context) => {
  const { tab, home, run } = await shellsAtHand(context);
  const away = { HOP3_API_URL: "http://127.0.0.1:1" };
  assert.deepEqual(await tab("bash", ["hop3", "status", "--app", ""], away), []);
  assert.deepEqual(await tab("bash", ["hop3", "status", "--app", ""]), ["blog"]);
  const cache = join(home, ".cache/hop3/names");
  for (const file of readdirSync(cache)) {
    assert.equal(statSync(join(cache, file)).mode & 0o777, 0o600);
    assert.ok(!readFileSync(join(cache, file), "utf8").includes("token"));
  }
  assert.match((await run(["completion", "--status"])).stdout, /lists +2/);
  assert.equal((await run(["completion", "--refresh"])).exitCode, 0);
  assert.match((await run(["completion", "--status"])).stdout, /lists +0/);
});

test("a name that means something to a shell is not offered, whatever server sends it", async (context) => {
  const { tab, home } = await shellsAtHand(context);
  const names = ["$(touch${IFS}pwned)", "`touch pwned`", "a b", "-x", "a;b", "a\u202eb", "", "x".repeat(1000), "blog"];
  const client = () => ({ call: async () => ({ apps: names.map((app) => ({ app })) }) }) as unknown as Client;
  const question = { kind: "app", server: "x", app: undefined, cache: join(home, "names"), now: 5, client } as const;
  assert.deepEqual(await liveNames(question), ["blog"]);
  const [file = ""] = readdirSync(join(home, "names"));
  writeFileSync(join(home, "names", file), JSON.stringify({ version: 1, at: 5, triedAt: 5, names }));
  assert.deepEqual(await liveNames(question), ["blog"], "what is kept is not trusted either");
  writeFileSync(join(home, "names", file), "{");
  assert.deepEqual(await liveNames(question), ["blog"]);
  writeFileSync(join(home, "hop3.toml"), "this is [no TOML");
  assert.deepEqual(await tab("bash", ["hop3", "env", "get", ""]), [], "a broken file here is nothing to say at a Tab");
});
