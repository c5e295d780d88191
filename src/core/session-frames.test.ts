import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Credit, Intake, sendAll } from "./session-credit.ts";
import { encodeFrame, FrameReader, frameMax, sessionWindow, type Frame } from "./session-frames.ts";

const frames: readonly Frame[] = [
  { type: "stdin", data: Buffer.from([0, 255, 10]) },
  { type: "stdout", data: Buffer.alloc(frameMax, 7) },
  { type: "stderr", data: Buffer.alloc(0) },
  { type: "stdin-end" },
  { type: "resize", columns: 65_535, rows: 1 },
  { type: "signal", signal: "SIGINT" },
  { type: "grant", stream: "stderr", bytes: 4_000_000_000 },
  { type: "alive" },
  { type: "exit", code: 255 },
  { type: "failed", reason: "é" },
];

test("every frame comes back as it was, in whatever pieces it comes", () => {
  const bytes = Buffer.concat(frames.map(encodeFrame));
  for (const piece of [1, 2, 3, 7, 4096, bytes.length]) {
    const reader = new FrameReader();
    const found: Frame[] = [];
    // Copies: what a frame holds must not be what the next chunk writes over.
    for (let at = 0; at < bytes.length; at += piece)
      found.push(...reader.take(Buffer.from(bytes.subarray(at, at + piece))));
    assert.deepEqual(found, frames, `pieces of ${piece}`);
  }
});

test("what is no frame is refused as soon as it can be known", () => {
  const head = (kind: number, length: number) => {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt8(kind, 0);
    bytes.writeUInt32BE(length, 1);
    return bytes;
  };
  const bad: readonly (readonly [string, Buffer])[] = [
    ["longer than a frame may be", head(11, frameMax + 1)],
    ["an unknown kind", head(99, 0)],
    ["a size of three bytes", Buffer.concat([head(3, 3), Buffer.alloc(3)])],
    ["a signal that nobody may send", Buffer.concat([head(4, 1), Buffer.of(9)])],
    ["a grant for no stream", Buffer.concat([head(5, 5), Buffer.of(3, 0, 0, 0, 1)])],
    ["an end with content", Buffer.concat([head(2, 1), Buffer.of(1)])],
    ["a status without one", head(13, 0)],
  ];
  for (const [what, bytes] of bad) {
    assert.throws(() => new FrameReader().take(bytes), { code: "INVALID_INPUT" }, what);
  }
});

test("data goes out as far as the credit reaches, in frames of a bounded size, and on when more is granted", async () => {
  const credit = new Credit();
  const sent: number[] = [];
  const all = sendAll(
    (async function* source() {
      yield Buffer.alloc(sessionWindow + 10);
    })(),
    credit,
    (data) => sent.push(data.length),
  );
  const sum = () => sent.reduce((bytes, one) => bytes + one, 0);
  for (let count = 0; count < 20; count += 1) await turn();
  assert.equal(sum(), sessionWindow);
  assert.equal(credit.waits, true);
  assert.ok(sent.every((one) => one <= frameMax));
  credit.grant(4);
  for (let count = 0; count < 5; count += 1) await turn();
  assert.equal(sum(), sessionWindow + 4);
  credit.grant(100);
  await all;
  assert.equal(sum(), sessionWindow + 10);
  assert.equal(credit.waits, false);
});

test("what came is granted when the sink has taken it, and more than a window is refused", async () => {
  const held: (() => void)[] = [];
  const granted: number[] = [];
  const intake = new Intake(
    (_, taken) => held.push(taken),
    (bytes) => granted.push(bytes),
  );
  for (let at = 0; at < sessionWindow; at += frameMax) intake.take(Buffer.alloc(frameMax));
  assert.deepEqual(granted, []);
  assert.throws(() => intake.take(Buffer.alloc(1)), { code: "INVALID_INPUT" });
  let empty = false;
  void intake.empty().then(() => (empty = true));
  for (const taken of held) taken();
  assert.equal(granted[0], frameMax);
  await turn();
  assert.equal(empty, false); // the byte too many is held
});
