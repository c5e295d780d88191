/** The longest root and the longest app name that are allowed work like short ones. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { assertAnswers, deployLive } from "./apps.ts";
import { assertGone } from "./faulty/remains.ts";
import { startPlatform } from "./platform.ts";

const apps = join(import.meta.dirname, "../fixtures/apps");
/** Bytes of HOP3_ROOT: no socket below it could be opened. */
const rootLength = 110;

let running: ReturnType<typeof startPlatform> | undefined;
const platform = () =>
  (running ??= startPlatform({ rootPrefix: "r".repeat(rootLength - "/tmp/hop3-e2e-123456/".length) }));
after(async () => (await running)?.stop());

for (const [kind, fixture, says] of [
  ["a unix socket", "generic-procfile-unix", "python on a unix socket"],
  ["a TCP port", "generic-shell", "steps"],
  ["the edge alone", "static-root", "static from the root"],
] as const) {
  test(`an app of 64 characters below a root of ${rootLength} bytes lives on ${kind}`, async () => {
    const on = await platform();
    assert.ok(Buffer.byteLength(on.layout.root) >= 90, on.layout.root);
    const name = `a${"b".repeat(62)}${fixture.at(0)}`;
    assert.equal(name.length, 64);
    await deployLive(on, join(apps, fixture), name);
    const { urls } = (await on.api("GET", `/apps/${name}`)) as { urls: string[] };
    const { hostname, port } = new URL(urls[0] ?? "");
    assert.ok(
      hostname.split(".").every((label) => label.length <= 63),
      hostname,
    );
    const target = { port: Number(port), host: hostname };
    await assertAnswers(target, { path: "/", status: 200, contains: says });
    if (kind !== "the edge alone") await on.api("POST", `/apps/${name}/restart`);
    await assertAnswers(target, { path: "/", status: 200, contains: says });
    await on.destroy(name);
    assertGone(on, name);
  });
}
