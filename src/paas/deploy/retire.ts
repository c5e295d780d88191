/** Step 9, retire: what this release has made superfluous goes. The rules are those of the daily clean-up (disk/collect.ts). */
import { collect, type Collecting } from "../disk/collect.ts";

export function retire(platform: Collecting, app: string): Promise<void> {
  return collect(platform, app);
}
