import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { timePassed, type Looked, type Window } from "./time-passed.ts";

const minute = 60_000;
const hour = 60 * minute;
const noon = Date.parse("2026-11-21T12:00:00Z");
const at = (time: number): Looked => ({ fixed: time, often: time });
const none = ({ after, until }: Window) => until <= after;

describe("the time between two looks", () => {
  it("is all answered for, each due time by one look", () => {
    let looked = at(noon);
    for (let now = noon + minute; now < noon + hour; now += minute + 7) {
      const passed = timePassed(looked, now);
      assert.deepEqual(passed.fixed, { after: looked.fixed, until: now });
      assert.deepEqual(passed.often, { after: looked.often, until: now });
      ({ looked } = passed);
    }
  });

  it("when up to three hours were hidden: fixed times of them are made up for, the others go on", () => {
    const now = noon + 3 * hour;
    const { fixed, often, looked } = timePassed(at(noon), now);
    assert.deepEqual(fixed, { after: noon, until: now });
    assert.deepEqual(often, { after: now - 5 * minute, until: now });
    assert.deepEqual(looked, at(now));
  });

  it("when more was hidden, nothing is made up for", () => {
    const now = noon + 3 * hour + 1;
    const { fixed, often } = timePassed(at(noon), now);
    assert.deepEqual(fixed, { after: now - 5 * minute, until: now });
    assert.deepEqual(often, fixed);
  });

  it("when the clock goes back an hour: no fixed time comes again until it is where it was, the others go by the clock", () => {
    const back = timePassed(at(noon), noon - hour);
    assert.ok(none(back.fixed));
    assert.ok(none(back.often));
    assert.deepEqual(back.looked, { fixed: noon, often: noon - hour });
    const later = timePassed(back.looked, noon - hour + minute);
    assert.ok(none(later.fixed));
    assert.deepEqual(later.often, { after: noon - hour, until: noon - hour + minute });
    const again = timePassed({ fixed: noon, often: noon }, noon + minute);
    assert.deepEqual(again.fixed, { after: noon, until: noon + minute });
  });

  it("when the clock goes back further, it is believed", () => {
    const now = noon - 5 * hour;
    const { fixed, looked } = timePassed(at(noon), now);
    assert.ok(none(fixed));
    assert.deepEqual(looked, at(now));
  });
});
