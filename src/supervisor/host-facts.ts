import type { Unenforced, WholeLimits } from "#core/app-limits.ts";
import type { DiskKeeper } from "./disk/keeper.ts";
import type { MissingWall } from "./walls/missing.ts";

export type HostStatus = {
  readonly mode: "user" | "system";
  /** The user that all apps run as, and the supervisor too; null in system mode, where each app has its own. */
  readonly appsRunAs: string | null;
  /** The most that any release, and any build, may take. */
  readonly ceiling: WholeLimits;
  /** Which limits are not enforced, and why. */
  readonly unenforced: Unenforced;
  readonly missing: readonly MissingWall[];
  /** Who keeps apps to `disk` and `inodes`: the file system, or we by counting; null for nobody. */
  readonly disk: DiskKeeper["how"] | null;
};
