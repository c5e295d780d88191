/** Where in a session's stream a frame ends, so that a last frame of our own can follow it. */
import { frameHeadBytes } from "#core/session-frames.ts";

export type FrameBorders = {
  /** Bytes that were passed on. */
  passed(chunk: Uint8Array): void;
  /** Bytes that are known to be missing until the present frame ends: 0 at a border. */
  missing(): number;
};

export function frameBorders(): FrameBorders {
  const head: number[] = [];
  let content = 0;
  return {
    passed(chunk) {
      for (let at = 0; at < chunk.length;) {
        if (content > 0) {
          const skipped = Math.min(content, chunk.length - at);
          content -= skipped;
          at += skipped;
          continue;
        }
        head.push(chunk[at] ?? 0);
        at += 1;
        if (head.length < frameHeadBytes) continue;
        content = Buffer.from(head).readUInt32BE(1);
        head.length = 0;
      }
    },
    missing: () => (content > 0 ? content : head.length === 0 ? 0 : frameHeadBytes - head.length),
  };
}
