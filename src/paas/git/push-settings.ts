/** Which branch deploys an app. */
import type { Actor } from "#core/actor.ts";
import { appendEvent } from "#store/events.ts";
import { deployBranch, setDeployBranch } from "#store/sources.ts";
import type { Platform } from "../platform.ts";
import { requireApp } from "../require-app.ts";
import type { GitHost } from "./git-host.ts";
import { pushLine } from "./push-line.ts";

type AppPush = { readonly app: string; readonly branch: string | null };

/** Throws APP_NOT_FOUND. */
export async function showPush({ store }: Pick<Platform, "store">, app: string): Promise<AppPush> {
  await requireApp({ store }, app);
  return { app, branch: await deployBranch(store, app) };
}

/** From the next push on: one that is under way has its branch. Throws APP_NOT_FOUND. */
export async function setPushBranch(
  { store, queue }: Pick<Platform, "store" | "queue">,
  git: GitHost,
  app: string,
  branch: string,
  by: Actor,
): Promise<AppPush> {
  await requireApp({ store }, app);
  return queue.run(pushLine(app), async () => {
    if ((await deployBranch(store, app)) === branch) return { app, branch };
    await setDeployBranch(store, app, branch);
    await git.branchChanged(app, branch);
    await appendEvent(store, { actor: by, action: "app.push.branch", app, target: branch, outcome: "ok" });
    return { app, branch };
  });
}
