/** A hint that names a command which does not exist is worse than none. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { commands } from "#cli/command-list.ts";

const root = new URL("../../../", import.meta.url).pathname;
const paths = commands.flatMap(({ path, aliases = [] }) => [path, ...aliases]);

/** The words name a command, with or without its arguments, or a group of commands (`hop3 app`). */
function isKnown(words: readonly string[]): boolean {
  return paths.some((path) => path.every((word, index) => index >= words.length || word === words[index]));
}

test("every command that a message, a comment or a page names exists", () => {
  const files = globSync(["{src,cmd}/**/*.ts", "docs/*.md", "README.md"], { cwd: root });
  const named = files.flatMap((file) =>
    [...readFileSync(`${root}${file}`, "utf8").matchAll(/`hop3 ([a-z][a-z -]*[a-z])/g)].map((match) => ({
      file,
      // Words up to the first that is a flag or follows one.
      words: (match[1] ?? "").split(" -")[0]?.split(" ") ?? [],
    })),
  );
  assert.ok(named.length > 20, `only ${named.length} were found`);
  assert.deepEqual(
    named.filter(({ words }) => !isKnown(words)).map(({ file, words }) => `${file}: hop3 ${words.join(" ")}`),
    [],
  );
});
