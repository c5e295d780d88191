/** What a release runs of an artifact, and how many of it. Pure. */
import type { ProcessSpec } from "#core/records.ts";
import type { Artifact } from "./artifact.ts";

/** Seconds between TERM and KILL. */
const stopTimeout = 10;

/** `web` serves HTTP, every other process is a daemon. Counts: the user's scale, else one. */
export function processSpecs(artifact: Artifact, scale: Readonly<Record<string, number>>): Record<string, ProcessSpec> {
  return Object.fromEntries(
    Object.entries(artifact.processes).map(([type, command]) => [
      type,
      {
        command,
        // A process may be called `constructor`.
        count: (Object.hasOwn(scale, type) ? scale[type] : undefined) ?? 1,
        listens: type === "web" ? "http" : "none",
        startTimeout: artifact.spec.startTimeout,
        stopTimeout,
        ...policyOf(artifact, type),
      } satisfies ProcessSpec,
    ]),
  );
}

/** None is written down where the app's files say none. */
function policyOf({ spec: { restart = {} } }: Artifact, type: string): Pick<ProcessSpec, "restart"> {
  const policy = Object.hasOwn(restart, type) ? restart[type] : undefined;
  return policy === undefined ? {} : { restart: policy };
}
