import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean } from "./did-you-mean.ts";
import { defaultIgnore, ignoreMatcher } from "./ignore.ts";
import { configReference } from "./reference.ts";
import { hop3Toml } from "./schema.ts";
import { expandTemplate, references } from "./template.ts";

test("a slip of two letters is answered, a different word is not", () => {
  assert.equal(didYouMean("buidl", ["build", "run"]), "build");
  assert.equal(didYouMean("start-timout", ["start", "start-timeout"]), "start-timeout");
  assert.equal(didYouMean("kubernetes", ["build", "run"]), undefined);
  assert.equal(didYouMean("xyz", ["run", "env"]), undefined);
});

test("a template is expanded from what is known, and fails by name for what is not", () => {
  const values = new Map([
    ["HOST", "h"],
    ["PORT", "1"],
  ]);
  assert.equal(
    expandTemplate("U", "http://${HOST}:$PORT/{x}$", (name) => values.get(name)),
    "http://h:1/{x}$",
  );
  assert.deepEqual(references("$A ${B} $A"), ["A", "B"]);
  assert.throws(() => expandTemplate("U", "$NOPE", () => undefined), /U refers to "NOPE"/);
});

test("ignore patterns match names at any depth, or paths from the root", () => {
  const ignored = ignoreMatcher([...defaultIgnore, "*.log", "/build", "docs/*.pdf", "data/**/tmp"]);
  for (const path of [
    ".git/config",
    "a/node_modules/b",
    "x.log",
    "a/b.log",
    "build/x",
    "docs/a.pdf",
    "data/tmp",
    "data/a/b/tmp/c",
  ]) {
    assert.equal(ignored(path), true, path);
  }
  for (const path of ["git", "a/build", "docs/a/b.pdf", "logs/x", "a.login", ".github/x"])
    assert.equal(ignored(path), false, path);
});

test("the reference names every key of the schema", () => {
  const page = configReference();
  for (const name of Object.keys(hop3Toml.shape))
    assert.ok(
      [name, `[${name}]`, `[[${name}]]`].some((shown) => page.includes(`\`${shown}\``)),
      name,
    );
  for (const name of ["before-build", "start-timeout", "healthcheck-timeout"])
    assert.ok(page.includes(`\`${name}\``), name);
  assert.match(page, /\| `packages` \| list \| {2}\| \*\*Not built yet\.\*\*/);
});
