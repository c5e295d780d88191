import type { AppLimits } from "#core/app-limits.ts";

/** Who keeps apps to what they may have on the disk: we by counting, or the file system. */
export type DiskKeeper = {
  readonly how: "counting" | "quota";
  /** Until `signal` is aborted; never rejects. */
  watch(signal: AbortSignal): Promise<void>;
  /** Why the app is kept from running; null when it is not. */
  held(app: string): string | null;
  /** To be asked before something of the app is begun under these limits. Throws a Refusal. */
  admit(app: string, limits: AppLimits): Promise<void>;
  /** As `admit`, for a build or what runs before a release: its limits count from now on beside those of what runs. */
  admitBuild(app: string, limits: AppLimits): Promise<void>;
};
