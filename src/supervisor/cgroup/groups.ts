/**
 * An app's cgroup holds one for each release of which something runs, and for each build: that is what the limits of the
 * whole are set on, so that a release that takes over from another may take all of its own beside it, and no build takes
 * the memory of what serves.
 */
export function releaseGroup(release: number): string {
  return `r${release}`;
}

export function buildGroup(build: number): string {
  return `b${build}`;
}

/** True for the names of both, which no run has. */
export function isGroup(name: string): boolean {
  return /^[rb]\d+$/.test(name);
}
