/** A request that may have been done is sent again after the server was killed: it is not done twice. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { tarType } from "#core/api/prefix.ts";
import { deployLive } from "./apps.ts";
import { startPlatform, tarOf, type RunningPlatform } from "./platform.ts";

const fixture = join(import.meta.dirname, "../fixtures/apps/static-root");

let platform: RunningPlatform;
before(async () => {
  platform = await startPlatform();
  await deployLive(platform, fixture, "site");
});
after(() => platform.stop());

async function send(path: string, type: string, body: string | Uint8Array<ArrayBuffer>) {
  const response = await fetch(`${platform.apiUrl}${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${platform.token}`,
      "content-type": type,
      "idempotency-key": `of-${path}`.replaceAll("/", "-"),
    },
    body,
  });
  return {
    status: response.status,
    replayed: response.headers.get("idempotency-replayed"),
    body: (await response.json()) as Record<string, unknown>,
  };
}

test("what was answered before a power cut is answered the same after it, and done once", async () => {
  const tar = await tarOf(fixture);
  const domain = JSON.stringify({ domain: "site.example.com" });
  const sendBoth = async () => [
    await send("/apps/site/domains", "application/json", domain),
    await send("/apps/site/deploys", tarType, tar),
  ];
  const first = await sendBoth();
  assert.deepEqual(
    first.map(({ status, replayed }) => [status, replayed]),
    [
      [201, null],
      [202, null],
    ],
  );
  await platform.killEverything();
  await platform.startAgain();
  const again = await sendBoth();
  assert.deepEqual(
    again,
    first.map((one) => ({ ...one, replayed: "true" })),
  );
  const { deploys } = (await platform.api("GET", "/apps/site/deploys")) as { deploys: unknown[] };
  assert.equal(deploys.length, 2);
});
