import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeGitFrame, gitFrameReader, type GitFrame } from "./git-frames.ts";

test("frames come out as they went in, however they are cut", () => {
  const frames: GitFrame[] = [
    { kind: "stdout", data: Buffer.from([0, 1, 255, 10]) },
    { kind: "stderr", data: Buffer.from("hop3: no\n") },
    { kind: "stdout", data: Buffer.alloc(0) },
    { kind: "exit", status: 128 },
  ];
  const bytes = Buffer.concat(frames.map(encodeGitFrame));
  for (const size of [1, 2, 5, 7, bytes.length]) {
    const read = gitFrameReader();
    const seen: GitFrame[] = [];
    for (let at = 0; at < bytes.length; at += size) seen.push(...read(bytes.subarray(at, at + size)));
    assert.deepEqual(
      seen.map((frame) =>
        "data" in frame ? [frame.kind, Buffer.from(frame.data).toString("hex")] : [frame.kind, frame.status],
      ),
      frames.map((frame) =>
        "data" in frame ? [frame.kind, Buffer.from(frame.data).toString("hex")] : [frame.kind, frame.status],
      ),
    );
  }
  assert.throws(() => gitFrameReader()(Buffer.from([0x47, 0, 0, 0, 1, 0])), TypeError);
});
