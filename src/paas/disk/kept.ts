/** What an app keeps of its past, by count, age and size. Pure: what else needs a build is collect.ts's to find out. */

const day = 24 * 60 * 60 * 1000;

export const keeping = {
  /** Builds that a rollback may bring back, the live one among them. */
  builds: 5,
  /** Milliseconds since such a build last served; the live one and the one before it stay however old they are. */
  buildAge: 30 * day,
  /** Records of releases, outputs of builds and rows of builds. */
  records: 100,
  /** Deploys with their journals. */
  deploys: 500,
  /** Milliseconds that either of them stays. */
  recordAge: 365 * day,
  /** Outputs of all builds of an app together. */
  buildLogBytes: 256 * 1024 * 1024,
};

export type Keeping = typeof keeping;

/** A release that serves or did; `createdAt` in milliseconds. */
export type Served = { readonly build: number; readonly createdAt: number };

/** The builds to keep of the releases that served, the newest first. */
export function keptBuilds(served: readonly Served[], now: number, { builds, buildAge }: Keeping): Set<number> {
  const lastServed = new Map<number, number>();
  // One serves until the next one is made. A build that served twice counts by its newest time.
  for (const [index, { build }] of served.entries()) {
    if (!lastServed.has(build)) lastServed.set(build, served[index - 1]?.createdAt ?? now);
  }
  const kept = [...lastServed].filter(([, until], index) => index < builds && (index < 2 || now - until < buildAge));
  return new Set(kept.map(([build]) => build));
}

/** What a build has left besides its tree; `age` in milliseconds. */
export type Output = { readonly build: number; readonly bytes: number; readonly age: number };

/** The builds whose output stays, of all there are, the newest first. */
export function keptOutputs(outputs: readonly Output[], { records, recordAge, buildLogBytes }: Keeping): Set<number> {
  const kept = new Set<number>();
  let bytes = 0;
  for (const [index, output] of outputs.entries()) {
    bytes += output.bytes;
    // What the last build has said is told whatever its size, which has a bound of its own.
    if (index > 0 && (index >= records || output.age >= recordAge || bytes > buildLogBytes)) continue;
    kept.add(output.build);
  }
  return kept;
}
