/** How a process of the platform itself is run: what it costs while nothing happens is decided here. */
import { fileURLToPath } from "node:url";
import { exec } from "#sys/exec.ts";

type OwnProcess = { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> };

/**
 * `entry` is a file of cmd/. Measured in docs/benchmarks.md: a young generation of 1 MB instead of 16 keeps what is garbage
 * already from growing into memory, and what the C library has free goes back to the kernel (nothing where it is not glibc).
 * The rest is the compile cache's (NODE_COMPILE_CACHE), without which every process strips its types anew.
 */
export function ownProcess(entry: string, env: Readonly<Record<string, string>>, ...args: string[]): OwnProcess {
  return {
    argv: [process.execPath, "--max-semi-space-size=1", entry, ...args],
    env: { ...env, MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: "65536" },
  };
}

/** Fills the compile cache for supervisor and hop3d, so that a first start costs no more memory than the next ones. */
export async function warmCompileCache(env: Readonly<Record<string, string>>): Promise<void> {
  if (env["NODE_COMPILE_CACHE"] === undefined) return;
  const warmings = ["supervisor.ts", "hop3d.ts"].map((name) => {
    const entry = fileURLToPath(new URL(`../${name}`, import.meta.url));
    const warming = ownProcess(entry, env, "--version");
    return exec(warming.argv, { env: warming.env, timeoutMs: 20_000 });
  });
  // What fails here is said by the start itself, which needs no cache.
  await Promise.allSettled(warmings);
}
