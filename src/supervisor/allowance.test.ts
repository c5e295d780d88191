import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allowanceOf } from "./allowance.ts";
import { Refusal } from "./refusal.ts";

const mebi = 1024 * 1024;
const server = { ceiling: { memory: 512 * mebi, processes: 100, cpu: 2 }, unenforced: { cpu: "no such cgroups." } };
const refused = (message: RegExp) => (error: unknown) => error instanceof Refusal && message.test(error.message);

describe("what a release may take", () => {
  it("is the ceiling where it asks for nothing, without what the host cannot enforce", () => {
    const { whole, of } = allowanceOf({ app: {}, types: {} }, server);
    assert.deepEqual(whole, { memory: 512 * mebi, processes: 100 });
    assert.deepEqual(of("web"), {});
  });

  it("is what it asks for, of the whole and of each instance", () => {
    const { whole, of } = allowanceOf({ app: { memory: 64 * mebi }, types: { web: { processes: 10 } } }, server);
    assert.deepEqual(whole, { memory: 64 * mebi, processes: 100 });
    assert.deepEqual([of("web"), of("worker"), of("constructor")], [{ processes: 10 }, {}, {}]);
  });

  it("is refused above the ceiling, of the whole or of one type", () => {
    const high = { memory: 513 * mebi };
    assert.throws(
      () => allowanceOf({ app: high, types: {} }, server),
      refused(/^The app asks for memory = 513M; this server gives at most 512M\.$/),
    );
    assert.throws(() => allowanceOf({ app: {}, types: { web: high } }, server), refused(/^web asks for memory/));
  });

  it("is refused where the host cannot enforce it, unless the app bears that", () => {
    const limits = { app: { cpu: 1, memory: 64 * mebi }, types: { web: { cpu: 0.5 } } };
    assert.throws(() => allowanceOf(limits, server), refused(/^The limit cpu is not enforced: no such cgroups\.$/));
    const { whole, of } = allowanceOf({ ...limits, bestEffort: true }, server);
    assert.deepEqual([whole, of("web")], [{ memory: 64 * mebi, processes: 100 }, {}]);
  });
});
