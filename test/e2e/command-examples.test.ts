/**
 * Every example of `hop3 help` and docs/cli.md does what it says: taken from the command table and run, in a shell, against
 * a real platform. A new command is here by being in the table; what its examples need beyond the world of
 * command-examples/world.ts goes into command-examples/preparations.ts.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { commands } from "#cli/command-list.ts";
import type { Preparation } from "./command-examples/preparation.ts";
import { preparations } from "./command-examples/preparations.ts";
import { makeWorld, type World } from "./command-examples/world.ts";

const repository = join(import.meta.dirname, "../..");

const preparationOf = (words: string, example: string): Preparation =>
  preparations[example] ?? preparations[words] ?? {};

describe("the examples of the command table", () => {
  let world: World;
  before(async () => {
    world = await makeWorld();
  });
  after(() => world?.stop());

  for (const { path, examples } of commands) {
    const words = path.join(" ");
    for (const example of examples) {
      const { before: prepare, exits = [0], dialogue, elsewhere } = preparationOf(words, example);
      if (elsewhere !== undefined) {
        it(`${example}: runs in ${elsewhere.file}`, () => {
          assert.ok(readFileSync(join(repository, elsewhere.file), "utf8").includes(elsewhere.says));
        });
        continue;
      }
      it(example, async () => {
        await world.restore();
        const line = resolved(example, { ...(await prepare?.(world)), ...addresses(world) });
        const { exit, said } = await world.run(line, typeof dialogue === "function" ? dialogue(world) : dialogue);
        assert.ok(exits.includes(exit ?? -1), `\`${line}\` ended with ${exit}:\n${said}`);
      });
    }
  }
});

it("every preparation is for an example or a command that there is", () => {
  const known = new Set(commands.flatMap(({ path, examples }) => [path.join(" "), ...examples]));
  assert.deepEqual(
    Object.keys(preparations).filter((name) => !known.has(name)),
    [],
  );
});

/** Where the examples say a server is, there is this one. */
function addresses({ url }: World): Record<string, string> {
  return { "https://hop3.example.com": url, "http://127.0.0.1:8009": url };
}

/** Whole words only: 12 is not part of 120. */
function resolved(example: string, placeholders: Readonly<Record<string, string>>): string {
  let line = example;
  for (const [text, value] of Object.entries(placeholders)) {
    const words = text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    line = line.replaceAll(new RegExp(`(?<![\\w.])${words}(?![\\w])`, "g"), () => value);
  }
  return line;
}
