/** A bounded part of `npm run fuzz:api`, which looks longer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointsOf, readDocument } from "./document.ts";
import { play } from "./play.ts";

test("requests by chance are answered as the document says, and none is a defect", async () => {
  const { answered, wrong, left } = await play({ seed: 20_261_128, seconds: 8 });
  assert.deepEqual(wrong, []);
  assert.deepEqual(left, []);
  const asked = endpointsOf(readDocument()).filter(({ operation }) => operation.operationId !== "logOut");
  assert.equal(answered.size, asked.length);
  const statuses = [...answered.values()].flatMap((counts) => [...counts.keys()]);
  for (const status of [200, 400, 401, 404]) assert.ok(statuses.includes(status), `nothing was answered ${status}`);
});
