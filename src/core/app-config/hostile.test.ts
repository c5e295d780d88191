/** Files that an attacker writes to keep the server busy: what is read must take time in proportion to its length. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../errors.ts";
import { isHostName } from "../names.ts";
import { innerPath } from "./paths.ts";
import { readAppSpec } from "./read.ts";
import { memoryFiles } from "./testing.ts";
import { expandTemplate } from "./template.ts";

/** Far above what linear work takes on a slow machine, far below what the attack took before it was answered. */
const patience = 10_000;

function refusedSoon(files: Record<string, string>): AppError {
  const started = performance.now();
  let refused: unknown;
  try {
    readAppSpec(memoryFiles(files));
  } catch (thrown) {
    refused = thrown;
  }
  assert.ok(performance.now() - started < patience, `took ${Math.round(performance.now() - started)} ms`);
  assert.ok(refused instanceof AppError);
  return refused;
}

test("thousands of unknown keys in hop3.toml are refused soon, fifty of them by line", () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `k${index} = 1\n`).join("");
  const { code, details, message } = refusedSoon({ "hop3.toml": `[build]\n${keys}` });
  assert.equal(code, "INVALID_CONFIG");
  assert.equal(details.length, 50);
  assert.match(message, /^hop3\.toml:2: .*and 19999 more/);
});

test("thousands of bad variables and static paths are refused soon", () => {
  const variables = Array.from({ length: 20_000 }, (_, index) => `k-${index} = 1\n`).join("");
  refusedSoon({ "hop3.toml": `[env]\n${variables}` });
  const paths = Array.from({ length: 15_000 }, (_, index) => `"/p${index}" = ".."\n`).join("");
  refusedSoon({ "hop3.toml": `[static]\n${paths}` });
});

test("a line of nothing but spaces behind a bracket costs no more than its length", () => {
  refusedSoon({ "hop3.toml": `x = """\n[${" ".repeat(200_000)}x\n"""\n` });
});

test("a directory's name with a brace is refused: an edge may take it for a placeholder", () => {
  for (const path of ["{env.HOME}", "public/{http.request.header.x}", "a}", "{"])
    assert.equal(innerPath(path), undefined);
  const { code } = refusedSoon({ "hop3.toml": '[static]\n"/" = "{http.request.uri.query.root}"\n' });
  assert.equal(code, "INVALID_CONFIG");
});

test("a template that makes much of little is refused", () => {
  const big = "x".repeat(30_000);
  assert.throws(() => expandTemplate("B", "$A".repeat(100), () => big), /The value of B grows longer than/);
});

test("an address in any spelling is no domain, and neither is a placeholder or another script", () => {
  for (const name of [
    "127.0.0.1",
    "2130706433",
    "0x7f000001",
    "1.2",
    "[::1]",
    "{env.HOME}.com",
    "*.com",
    "a.com.",
    "п.com",
  ])
    assert.equal(isHostName(name), false, name);
  for (const name of ["host", "1.example.com", "xn--e1afmkfd.com", "0xcafe.com"])
    assert.equal(isHostName(name), true, name);
});
