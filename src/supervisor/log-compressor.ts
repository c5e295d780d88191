/**
 * Compresses finished files of logs, one after the other, slowly (output/compress-log.ts). It is told where there may be
 * some; a file that is left out, or whose compression was cut short, is found at the next look.
 */
import { closeSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isNodeError } from "#core/errors.ts";
import type { Clock } from "#sys/clock.ts";
import type { LogPlace } from "./log-files.ts";
import { listParts, within, type LogPart } from "./log-parts.ts";
import { compressLog, unfinishedEnding } from "./output/compress-log.ts";
import type { OwnLog } from "./own-log.ts";
import { openDirectory } from "./safe-path.ts";

/** A smaller file is left as it is: it would take hardly less of the disk. */
const leastBytes = 64 * 1024;

export type LogCompressorOptions = {
  readonly clock: Clock;
  readonly isInUse: (logs: LogPlace, run: string) => boolean;
  readonly log: OwnLog;
  readonly fault: (point: string) => void;
};

export class LogCompressor {
  readonly #options: LogCompressorOptions;
  /** Where to look, by root and names below it. */
  readonly #due = new Map<string, LogPlace>();
  readonly #stopping = new AbortController();
  #working: Promise<void> | undefined;

  constructor(options: LogCompressorOptions) {
    this.#options = options;
  }

  /** Does not wait. */
  look(logs: LogPlace): void {
    if (this.#stopping.signal.aborted) return;
    this.#due.set([logs.root, ...logs.below].join("/"), logs);
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
  }

  /** Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the supervisor stops"));
    await this.#working;
  }

  async #work(): Promise<void> {
    for (;;) {
      // Not at once: who tells us is in the middle of something.
      await Promise.resolve();
      const [next] = this.#due;
      if (next === undefined || this.#stopping.signal.aborted) return;
      this.#due.delete(next[0]);
      await this.#compressIn(next[1]);
    }
  }

  async #compressIn(logs: LogPlace): Promise<void> {
    const parts = listParts(logs, (run) => this.#options.isInUse(logs, run));
    for (const directory of new Set(parts.map((part) => part.directory))) removeBegun(logs, directory);
    // The newest first: of one that talks faster than we compress, the oldest are gone before their turn.
    for (const part of parts.toReversed()) {
      if (part.names.length > 1) removePlain(logs, part);
      if (part.isWritten || part.plain === undefined || part.plain < leastBytes) continue;
      if (!(await this.#compress(logs, part)) || this.#stopping.signal.aborted) return;
    }
  }

  /** False when there is no room for any. */
  async #compress(logs: LogPlace, { directory, number }: LogPart): Promise<boolean> {
    const { clock, log, fault } = this.#options;
    const { signal } = this.#stopping;
    try {
      const fd = openDirectory(logs.root, [...logs.below, ...directory]);
      try {
        await compressLog(`/proc/self/fd/${fd}`, String(number), { clock, signal, fault });
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      // Removed while it waited. Whatever else it is, the log stays as it is and can be read.
      const code = isNodeError(error) ? error.code : undefined;
      if (signal.aborted || code === "ENOENT") return true;
      log("a log could not be compressed", { place: [...logs.below, ...directory].join("/"), reason: String(error) });
      return code !== "ENOSPC" && code !== "EDQUOT";
    }
    return true;
  }
}

/** What a killed supervisor has left of a compression that was not whole. */
function removeBegun(logs: LogPlace, directory: readonly string[]): void {
  within(logs, directory, undefined, (path) => {
    for (const name of readdirSync(path))
      if (name.endsWith(unfinishedEnding)) rmSync(join(path, name), { force: true });
  });
}

/** It was killed after the compressed file was whole. */
function removePlain(logs: LogPlace, { directory, number }: LogPart): void {
  within(logs, directory, undefined, (path) => rmSync(join(path, String(number)), { force: true }));
}
