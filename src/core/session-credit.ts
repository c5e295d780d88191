/** The two ends of a stream that is sent against credit (session-frames.ts). */
import { AppError } from "./errors.ts";
import { frameMax, sessionWindow } from "./session-frames.ts";

/** What may still be sent. */
export class Credit {
  #left = sessionWindow;
  #wake: () => void = () => undefined;
  #waiting = false;

  /** Whether somebody has data and no credit for it. */
  get waits(): boolean {
    return this.#waiting;
  }

  grant(bytes: number): void {
    this.#left += bytes;
    this.#wake();
  }

  /** Takes what may be sent at once of so many bytes; waits while that is nothing. One waits at a time. */
  async take(wanted: number): Promise<number> {
    this.#waiting = true;
    while (this.#left <= 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#waiting = false;
    const taken = Math.min(wanted, this.#left, frameMax);
    this.#left -= taken;
    return taken;
  }
}

/** Sends all that the source has, in pieces that the credit covers; resolves when it has ended. */
export async function sendAll(
  source: AsyncIterable<Uint8Array>,
  credit: Credit,
  send: (data: Buffer) => void,
): Promise<void> {
  for await (const chunk of source) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0) {
      const count = await credit.take(rest.length);
      send(rest.subarray(0, count));
      rest = rest.subarray(count);
    }
  }
}

/** Passes on what comes, and grants as much when the sink has taken it. */
export class Intake {
  readonly #write: (data: Buffer, taken: () => void) => void;
  readonly #grant: (bytes: number) => void;
  #held = 0;
  #emptied: () => void = () => undefined;

  constructor(write: (data: Buffer, taken: () => void) => void, grant: (bytes: number) => void) {
    this.#write = write;
    this.#grant = grant;
  }

  /** Throws INVALID_INPUT when the sender has no credit for it. */
  take(data: Buffer): void {
    this.#held += data.length;
    if (this.#held > sessionWindow) throw new AppError("INVALID_INPUT", "More data came than was asked for.");
    this.#write(data, () => {
      this.#held -= data.length;
      this.#grant(data.length);
      if (this.#held === 0) this.#emptied();
    });
  }

  /** Resolves when the sink has taken all that came. */
  async empty(): Promise<void> {
    while (this.#held > 0) await new Promise<void>((resolve) => (this.#emptied = resolve));
  }
}
