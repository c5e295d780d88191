import { closeSync, fstatSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { stampLines } from "./output/log-lines.ts";

const lineMax = 64 * 1024;

/** A log that jobs append to, up to a size; beyond it their output is read and dropped, so that no job blocks on us. */
export class JobOutput {
  readonly #fd: number;
  readonly #max: number;
  #length: number;
  #full = false;

  /** Takes the descriptor over. */
  constructor(fd: number, max: number) {
    this.#fd = fd;
    this.#max = max;
    this.#length = fstatSync(this.#fd).size;
  }

  /** Copies a stream of the job, stamped by line. Resolves when it has ended. */
  take(stream: Readable, name: "out" | "err", now: () => number): Promise<void> {
    let rest: Buffer = Buffer.alloc(0);
    const put = (chunk: Buffer, tail: "keep" | "line"): void => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const options = { time: new Date(now()).toISOString(), stream: name, maxLine: lineMax, tail };
      const { records, consumed } = stampLines(bytes, options);
      rest = bytes.subarray(consumed);
      this.#append(records);
    };
    return new Promise((resolve) => {
      stream.on("data", (chunk: Buffer) => put(chunk, "keep"));
      stream.on("error", () => undefined);
      stream.on("close", () => {
        put(Buffer.alloc(0), "line");
        resolve();
      });
    });
  }

  /** A line of our own. */
  say(text: string, now: () => number): void {
    this.#append(Buffer.from(`${new Date(now()).toISOString()} sys ${text}\n`));
  }

  close(): void {
    closeSync(this.#fd);
  }

  #append(records: Buffer): void {
    if (this.#full || records.length === 0) return;
    if (this.#length + records.length > this.#max) {
      this.#full = true;
      const time = records.toString("latin1", 0, 24);
      this.#write(Buffer.from(`${time} sys the output is longer than ${this.#max} bytes; the rest is dropped\n`));
      return;
    }
    this.#write(records);
  }

  #write(records: Buffer): void {
    try {
      for (let done = 0; done < records.length;) done += writeSync(this.#fd, records, done);
      this.#length += records.length;
    } catch {
      this.#full = true; // the disk is: the job goes on, what it says is lost
    }
  }
}
