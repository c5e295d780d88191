import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "#core/errors.ts";
import { readServerSettings, toolEnvironment } from "./settings.ts";

test("a root or run directory that Caddy would read as a placeholder is refused by name", () => {
  for (const [name, path] of [
    ["HOP3_ROOT", "/srv/{env.HOME}"],
    ["HOP3_ROOT", "/srv/a}b"],
    ["HOP3_RUN_DIR", "/run/x|0666"],
    ["HOP3_RUN_DIR", "/run/a\\b"],
  ] as const) {
    assert.throws(
      () => readServerSettings({ HOP3_ROOT: "/srv/hop3", [name]: path }, 1000),
      (error: unknown) => error instanceof AppError && error.code === "INVALID_INPUT" && error.message.includes(name),
    );
  }
});

test("an address is no base domain", () => {
  assert.throws(() => readServerSettings({ HOP3_ROOT: "/srv/hop3", HOP3_DOMAIN: "127.0.0.1" }, 1000), /HOP3_DOMAIN/);
});

test("what could change a trusted tool from inside is not handed on to it", () => {
  const hostile = [
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "BASH_ENV",
    "ENV",
    "IFS",
    "PYTHONSTARTUP",
    "GIT_SSH_COMMAND",
    "npm_config_prefix",
  ];
  assert.deepEqual(toolEnvironment(Object.fromEntries(hostile.map((name) => [name, "/tmp/evil"]))), {});
});

test("the builds at the same time are two unless said, and a whole number that a server can bear", () => {
  const read = (HOP3_BUILDS?: string) => readServerSettings({ HOP3_ROOT: "/srv/hop3", HOP3_BUILDS }, 1000).builds;
  assert.deepEqual([read(), read(""), read("1"), read("64")], [2, 2, 1, 64]);
  for (const wrong of ["0", "65", "1.5", "many", "-1"]) assert.throws(() => read(wrong), /HOP3_BUILDS must be/);
});

test("system mode is chosen by HOP3_MODE alone, whoever starts it, and has the places of a server", () => {
  assert.equal(readServerSettings({ HOP3_ROOT: "/srv/hop3" }, 0).mode, "user");
  const { mode, layout, httpPort } = readServerSettings({ HOP3_MODE: "system" }, 1000);
  assert.deepEqual([mode, layout.root, layout.run, httpPort], ["system", "/var/lib/hop3", "/run/hop3", 80]);
  assert.throws(() => readServerSettings({ HOP3_MODE: "root" }, 0), /HOP3_MODE/);
});
