import assert from "node:assert/strict";
import { it } from "node:test";
import { parseDesired, renderDesired } from "./desired.ts";

/** As the one before restart policies wrote it. */
const version2 = JSON.stringify({
  version: 2,
  apps: {
    blog: {
      stopped: false,
      live: 3,
      groups: [],
      instances: [
        {
          id: "k3j9x2lq",
          release: 3,
          type: "web",
          index: 1,
          port: 20_001,
          proven: true,
          leavingUntil: null,
          warmUntil: 7,
        },
      ],
    },
  },
});

const instance = { id: "k3j9x2lq", release: 3, type: "web", index: 1, port: 20_001, proven: true, leavingUntil: null };

/** As the first Hop3 wrote it. */
const version1 = JSON.stringify({
  version: 1,
  apps: {
    blog: {
      stopped: false,
      live: 3,
      groups: [{ release: 3, type: "web", count: 1 }],
      instances: [instance, { ...instance, id: "aaaaaaa2", release: 2, leavingUntil: 1_763_740_800_000 }],
    },
  },
});

it("a desired state without anything kept warm is read as it was meant, and written in the newer form", () => {
  const read = parseDesired(version1);
  assert.deepEqual(
    read.get("blog")?.instances.map((one) => [one.id, one.leavingUntil, one.warmUntil]),
    [
      ["k3j9x2lq", null, null],
      ["aaaaaaa2", 1_763_740_800_000, null],
    ],
  );
  const written = renderDesired(read);
  assert.equal((JSON.parse(written) as { version: number }).version, 3);
  assert.deepEqual(parseDesired(written), read);
});

it("a desired state without ends for good is read as one in which nothing has ended", () => {
  const [one] = parseDesired(version2).get("blog")?.instances ?? [];
  assert.deepEqual([one?.warmUntil, one?.over], [7, null]);
});

it("each version has its own keys and no other", () => {
  const odd = (version: number, one: object) =>
    JSON.stringify({ version, apps: { blog: { stopped: false, live: null, groups: [], instances: [one] } } });
  assert.throws(() => parseDesired(odd(1, { ...instance, warmUntil: null })), /warmUntil/);
  assert.throws(() => parseDesired(odd(2, instance)), /warmUntil/);
  assert.throws(() => parseDesired(odd(2, { ...instance, warmUntil: -1 })), /warmUntil/);
  assert.throws(() => parseDesired(odd(2, { ...instance, warmUntil: null, over: null })), /over/);
  const over = { how: "ended", at: 1, exit: "exit 0", clean: true };
  const ended = { ...instance, warmUntil: null, over };
  assert.deepEqual(parseDesired(odd(3, ended)).get("blog")?.instances[0]?.over, over);
  assert.throws(() => parseDesired(odd(3, { ...ended, over: { ...over, how: "failed" } })), /how/);
  assert.throws(() => parseDesired(odd(0, instance)), /version/);
});
