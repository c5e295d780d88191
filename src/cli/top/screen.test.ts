import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { InstanceList } from "#core/api/instances.ts";
import { keysOf } from "../full-screen.ts";
import { columnOf, sortNames, sortRows, type Row } from "./columns.ts";
import { draw, roomOf, type Picture } from "./screen.ts";
import { sharesOf, type Instance } from "./shares.ts";

const instance = (app: string, name: string, cpuSeconds: number, more: Partial<Instance> = {}): Instance => ({
  app,
  name,
  state: "running",
  release: 1,
  pid: 7,
  since: "2026-01-01T00:00:00.000Z",
  restarts: 0,
  restartsInARow: 0,
  outOfMemory: 0,
  crashLoop: false,
  lastExit: null,
  nextTry: null,
  usage: {
    processes: 1,
    cpuSeconds,
    memoryBytes: 20e6,
    memoryLimitBytes: null,
    descriptors: 9,
    uptimeSeconds: 90,
  },
  ...more,
});
const list = (at: number, instances: readonly Instance[], hop3d = 1): InstanceList => ({
  at,
  host: { processors: 2, load: [1.5, 1, 0.25], memoryBytes: 4e9, availableBytes: 1e9, uptimeSeconds: 90_000 },
  startsWaiting: 3,
  services: [
    {
      name: "hop3d",
      state: "ready",
      restarts: 0,
      usage: {
        processes: 1,
        cpuSeconds: hop3d,
        memoryBytes: 9e7,
        memoryLimitBytes: null,
        descriptors: 9,
        uptimeSeconds: 9,
      },
    },
  ],
  instances: [...instances],
});
const looping = {
  state: "backing-off",
  crashLoop: true,
  usage: null,
  restarts: 4,
  lastExit: "exit 3",
  pid: null,
} as const;
const many = Array.from({ length: 60 }, (_, n) =>
  instance(`an-app-with-quite-a-long-name-${n}`, "a-long-process-type.12", n),
);
const picture = (now: InstanceList, more: Partial<Picture> = {}): Picture => {
  const shares = sharesOf(undefined, now);
  const rows = now.instances.map((one) => ({ one, cpu: shares.ofInstance(one) }));
  const standard = {
    server: "local",
    now,
    shares,
    rows,
    reverse: false,
    offset: 0,
    refresh: 2,
    time: "10:11:12",
    color: false,
  };
  return { ...standard, sort: columnOf("cpu"), ...more };
};
const colours = new RegExp(String.raw`\x1b\[[0-9;]*m`, "g");
const bare = (line: string) => line.replace(colours, "");

describe("the picture of hop3 top", () => {
  it("says at 80 by 24 what everything takes, and what to press", () => {
    const now = list(5, [instance("blog", "web.1", 1), instance("shop", "worker.1", 1, looping)]);
    const lines = draw(picture(now), 80, 24);
    assert.equal(lines.length, 24);
    assert.equal(lines[0], "hop3 top - local  10:11:12  load 1.50 1.00 0.25 of 2  memory 3.0 GB of 4.0 GB  …");
    assert.equal(lines[1], "2 apps, 2 instances: 1 running, 1 crash loop, 3 starts waiting");
    assert.equal(lines[2], "hop3d -% 90 MB");
    assert.match(lines[4] ?? "", /^APP +PROCESS +STATE +CPU%v +MEMORY +FILES +RESTARTS +UPTIME *$/);
    assert.match(lines[5] ?? "", /^blog +web\.1 +running +- +20 MB +9 +0 +1m 30s$/);
    assert.match(lines[6] ?? "", /^shop +worker\.1 +crash loop +- +- +- +4 +-$/);
    assert.match(lines[23] ?? "", /^q quit .* every 2 s$/);
  });

  it("is never wider or higher than the terminal, whatever that is, and always says how to leave", () => {
    const now = list(5, many);
    for (const width of [1, 20, 79, 80, 99, 100, 131, 400])
      for (const height of [1, 2, 5, 6, 24, 80])
        for (const color of [true, false]) {
          const lines = draw(picture(now, { color, offset: 10 }), width, height).map(bare);
          assert.equal(lines.length, height, `${width} by ${height}`);
          assert.ok(
            lines.every((line) => line.length <= width),
            `${width} by ${height}:\n${lines.join("\n")}`,
          );
          if (width >= 80) assert.match(lines.at(-1) ?? "", /q quit/);
        }
  });

  it("shows the part that was scrolled to, and what went wrong in place of the keys", () => {
    const lines = draw(picture(list(5, many), { offset: 42, trouble: "The server is away." }), 80, 24);
    assert.equal(roomOf(24), 18);
    assert.match(lines[5] ?? "", /^an-app-with-q…/);
    assert.equal(lines.filter((line) => line.startsWith("an-app")).length, 18);
    assert.equal(lines[23], "The server is away.");
    assert.match(draw(picture(list(5, many), { offset: 42 }), 80, 24)[23] ?? "", /^43-60 of 60 /);
  });

  it("is red where something keeps ending", () => {
    const lines = draw(picture(list(5, [instance("shop", "worker.1", 1, looping)]), { color: true }), 80, 24);
    assert.ok(lines[5]?.startsWith("\u001b[31m"));
  });
});

describe("what hop3 top counts", () => {
  it("is the share of one processor between two looks, of the same run alone", () => {
    const before = list(10, [instance("blog", "web.1", 1), instance("blog", "web.2", 5)], 2);
    const now = list(
      12,
      [instance("blog", "web.1", 4), instance("blog", "web.2", 0.1, { pid: 8 }), instance("new", "web.1", 1)],
      2.5,
    );
    const { ofInstance, ofService } = sharesOf(before, now);
    assert.deepEqual(now.instances.map(ofInstance), [150, undefined, undefined]);
    assert.equal(ofService("hop3d"), 25);
    assert.equal(sharesOf(now, now).ofService("hop3d"), undefined, "one measurement tells nothing");
  });

  it("is sorted by what is asked for, and equal lines keep their order", () => {
    const rows: Row[] = [
      { one: instance("b", "web.1", 1, { restarts: 5 }), cpu: 1 },
      { one: instance("a", "web.2", 1), cpu: undefined },
      { one: instance("a", "web.1", 1), cpu: 9 },
      { one: instance("c", "web.1", 1), cpu: 1 },
    ];
    const by = (name: (typeof sortNames)[number], reverse = false) =>
      sortRows(rows, columnOf(name), reverse).map(({ one }) => `${one.app} ${one.name}`);
    assert.deepEqual(by("cpu"), ["a web.1", "b web.1", "c web.1", "a web.2"]);
    assert.deepEqual(by("cpu", true), ["a web.2", "b web.1", "c web.1", "a web.1"]);
    assert.deepEqual(by("app"), ["a web.1", "a web.2", "b web.1", "c web.1"]);
    assert.deepEqual(by("restarts")[0], "b web.1");
    for (const name of sortNames) assert.equal(columnOf(name).name.toLowerCase().replace("%", ""), name);
  });

  it("obeys single keys, arrows of both modes, and several that come at once", () => {
    assert.deepEqual(keysOf("q"), ["q"]);
    assert.deepEqual(keysOf("\u001b[A\u001bOB\u001b[5~m\u0003"), ["Up", "Down", "PgUp", "m", "Ctrl-C"]);
    assert.deepEqual(keysOf("\u001b\u001b[99~\u001b[1;5C"), []);
  });
});
