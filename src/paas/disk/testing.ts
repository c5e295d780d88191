/** A file system of made-up size for tests; bytes. */
import type { FileSystemFacts } from "./room.ts";

export function memoryFileSystem({ total, free }: { readonly total: number; readonly free: number }): FileSystemFacts {
  return { bsize: 1, blocks: total, bavail: free, files: 1e6, ffree: 9e5 };
}
