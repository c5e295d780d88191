import type { Readable } from "node:stream";

/** Lines that are kept, and characters of one. */
const linesMax = 20;
const widthMax = 500;

/** The last lines of what a job prints, in memory alone; the rest is read and dropped, so that no job blocks on us. */
export class JobTail {
  readonly #lines: string[] = [];

  take(stream: Readable): Promise<void> {
    let partial = "";
    stream.setEncoding("utf8");
    return new Promise((resolve) => {
      stream.on("data", (chunk: string) => {
        const [first = "", ...others] = chunk.split("\n");
        partial = cut(partial + first);
        for (const next of others) {
          this.#push(partial);
          partial = cut(next);
        }
      });
      stream.on("error", () => undefined);
      stream.on("close", () => {
        this.#push(partial);
        resolve();
      });
    });
  }

  /** A line of our own. */
  say(text: string): void {
    this.#push(cut(text));
  }

  close(): void {
    // Nothing is open.
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  #push(line: string): void {
    // What a terminal would take for an order is not passed on.
    const shown = line.replaceAll("\t", " ").replace(/[\p{Cc}\p{Cf}]/gu, "");
    if (shown.trim() === "") return;
    this.#lines.push(shown);
    if (this.#lines.length > linesMax) this.#lines.shift();
  }
}

function cut(line: string): string {
  return line.slice(0, widthMax);
}
