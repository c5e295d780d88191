import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../../test/e2e/apps.ts";
import { browserProgram, openBrowser } from "./open-browser.ts";

test("a browser is opened where there is a screen, or where BROWSER names one", () => {
  const program = (env: Record<string, string>, platform = "linux") => browserProgram({ env, platform });
  assert.equal(program({}), undefined);
  assert.equal(program({ DISPLAY: "" }), undefined);
  assert.equal(program({ DISPLAY: ":0" }), "xdg-open");
  assert.equal(program({ WAYLAND_DISPLAY: "wayland-0" }), "xdg-open");
  assert.equal(program({}, "darwin"), "open");
  assert.equal(program({ BROWSER: "firefox" }), "firefox");
});

test("what opens it is given the page as one argument, and is not waited for", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "hop3-browser-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const program = join(dir, "browser");
  const seen = join(dir, "seen");
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s\\n' "$#" "$1" "$$" >${seen}.new && mv ${seen}.new ${seen}\nexec sleep 1000\n`,
  );
  chmodSync(program, 0o755);
  const url = "https://id.example.com/auth?a=1&b=$(touch x);c='d'";
  assert.equal(await openBrowser({ env: { BROWSER: program, PATH: process.env["PATH"] } }, url), true);
  await eventually("it was started", async () => existsSync(seen));
  const [count, page, pid] = readFileSync(seen, "utf8").split("\n");
  t.after(() => process.kill(Number(pid), "SIGKILL"));
  assert.deepEqual([count, page], ["1", url]);
  assert.equal(await openBrowser({ env: { BROWSER: join(dir, "none") } }, url), false);
  assert.equal(await openBrowser({ env: { BROWSER: `${program} --new-window` } }, url), false);
});
