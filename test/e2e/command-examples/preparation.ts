/** What an example of the command table needs beside the world of world.ts. */
import type { Dialogue, World } from "./world.ts";

export type Preparation = {
  /** Done first; what it gives back stands in the example for placeholders of that text. */
  readonly before?: (world: World) => Promise<Readonly<Record<string, string>> | undefined | void>;
  /** Exit statuses that are right; 0 unless given. */
  readonly exits?: readonly number[];
  /** It asks, or goes on until somebody ends it: what is seen and typed, at a terminal. */
  readonly dialogue?: Dialogue | ((world: World) => Dialogue);
  /** Root's work, or ssh's: the file of the test that does it, and the command as it stands there. */
  readonly elsewhere?: { readonly file: string; readonly says: string };
};
