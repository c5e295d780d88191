import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { eventually, logFileText, makeBench, type Bench } from "./bench.ts";
import { listLogFiles } from "./log-files.ts";

/** 24 MB in numbered lines of 1000 bytes that do not compress to nothing, then silence. */
const talk =
  'exec node -e \'const {randomBytes}=require("crypto"),{writeSync}=require("fs");for(let n=0;n<24000;n++){const b=Buffer.from(n+" "+randomBytes(740).toString("base64").slice(0,990)+"\\n");for(let d=0;d<b.length;)d+=writeSync(1,b,d)}setInterval(()=>0,1e6)\'';

describe("finished files of a supervisor's logs", () => {
  let bench: Bench;
  beforeEach(() => void (bench = makeBench()));
  afterEach(() => bench.clean());

  const directory = (): string => {
    const [file] = listLogFiles(bench.layout.appLogs("blog"));
    return file === undefined ? bench.layout.appLogs("blog") : join(file.path, "..");
  };
  const files = () => readdirSync(directory()).toSorted();
  const numbers = () =>
    listLogFiles(bench.layout.appLogs("blog"))
      .map(({ path }) => logFileText(path))
      .join("")
      .matchAll(/ out (\d+) /g)
      .map(([, number]) => Number(number))
      .toArray();
  const all = Array.from({ length: 24_000 }, (_, number) => number);

  it("are compressed while the last one is written, and that one when its run has ended", async () => {
    await bench.start();
    bench.release("blog", 1, { worker: { command: talk } });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await eventually(() => files().join() === "1.zst,2.zst,3", "both are compressed", 60_000);
    await eventually(() => numbers().length === all.length, "all is said", 60_000);
    assert.deepEqual(numbers(), all);
    await bench.client.call("app.stop", { app: "blog" });
    await eventually(() => files().join() === "1.zst,2.zst,3.zst", "the last one is compressed", 60_000);
    assert.deepEqual(numbers(), all);
    assert.equal(statSync(join(directory(), "3.zst")).mode & 0o777, 0o640);
  });

  it("are finished by the next supervisor, whatever the one before has left half done", async () => {
    const first = await bench.start();
    bench.release("blog", 1, { worker: { command: talk } });
    await bench.client.call("app.start", { app: "blog", release: 1 });
    await eventually(() => files().includes("2.zst") && numbers().length === all.length, "all is said", 60_000);
    await first.stop();
    const [run] = [directory()];
    await eventually(() => existsSync(join(run, "3")) || existsSync(join(run, "3.zst")), "it has ended");
    writeFileSync(join(run, "1"), logFileText(join(run, "1"))); // killed between the rename and the removal
    writeFileSync(join(run, "4.zst.new"), "half a file");
    writeFileSync(join(run, "5"), "small\n");
    bench.release("other", 1, { worker: {} });
    await bench.start();
    await eventually(
      () => files().join() === "1.zst,2.zst,3.zst,5",
      `they are put right, not ${files().join()}`,
      60_000,
    );
    assert.deepEqual(numbers(), all);
  });
});
