import { closeSync, fstatSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { stampLines } from "./output/log-lines.ts";

const lineMax = 64 * 1024;

/** Of what comes after the log is full, this much of the end is kept in memory: the last words say why a build failed. */
const tailMax = 64 * 1024;

/**
 * A log that jobs append to, up to a size; beyond it their output is read and dropped, so that no job blocks on us, but
 * for its end, which `close` appends.
 */
export class JobOutput {
  readonly #fd: number;
  readonly #max: number;
  #length: number;
  /** Records after the log was full, the newest last; undefined while it is not. */
  #tail: Buffer[] | undefined;
  #tailLength = 0;
  #dropped = 0;

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
    if (this.#tail !== undefined) {
      const last = this.#tail.at(-1)?.toString("latin1", 0, 24) ?? "";
      if (this.#dropped > 0)
        this.#write(Buffer.from(`${last} sys ${this.#dropped} bytes of output were left out here\n`));
      for (const records of this.#tail) this.#write(records);
    }
    closeSync(this.#fd);
  }

  #append(records: Buffer): void {
    if (records.length === 0) return;
    if (this.#tail === undefined && this.#length + records.length <= this.#max) return this.#write(records);
    this.#tail ??= [];
    this.#tail.push(records);
    this.#tailLength += records.length;
    while (this.#tailLength > tailMax && this.#tail.length > 1) {
      const gone = this.#tail.shift()?.length ?? 0;
      this.#tailLength -= gone;
      this.#dropped += gone;
    }
  }

  #write(records: Buffer): void {
    try {
      for (let done = 0; done < records.length;) done += writeSync(this.#fd, records, done);
      this.#length += records.length;
    } catch {
      this.#length = this.#max; // the disk is full: the job goes on, what it says is lost but for the end, if there is room then
    }
  }
}
