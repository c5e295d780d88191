/** `hop3 server uninstall`: finds what of Hop3 is on this host, asks, and removes it. */
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { basename } from "node:path";
import type { UninstallOptions, Uninstalled } from "#cli/server-host.ts";
import { layoutOf } from "#core/layout.ts";
import { applySteps } from "#install/apply.ts";
import { readHostFacts } from "#install/host-facts.ts";
import { accountNames, places } from "#install/places.ts";
import { watchedFiles } from "#install/plan-install.ts";
import { planUninstall } from "#install/plan-uninstall.ts";
import { actionText } from "#install/step.ts";
import { appUserRange } from "#supervisor/app-users.ts";
import { treeOf } from "#supervisor/system.ts";
import { loopbackTable } from "#supervisor/walls/loopback.ts";
import { isSightClosed } from "#supervisor/walls/sight.ts";
import { runningSupervisor } from "./attach.ts";
import { alone, hostExec, refuseNotRoot, showUnit } from "./host-tools.ts";

export async function uninstallServer(options: UninstallOptions): Promise<Uninstalled> {
  if (options.dryRun) return uninstall(options);
  refuseNotRoot("Uninstalling");
  return alone(places.lock, () => uninstall(options));
}

async function uninstall({ purge, dryRun, confirm, say }: UninstallOptions): Promise<Uninstalled> {
  const layout = layoutOf({ root: places.root, run: places.run });
  const facts = await readHostFacts(showUnit, watchedFiles);
  const tree = treeOf(layout);
  const made = [...new Set([...Object.values(tree.bases), tree.unified])].filter((path) => path !== undefined);
  const closedTo = facts.accounts.groups.find(({ name }) => name === accountNames.apps)?.gid;
  const steps = planUninstall(facts, {
    purge,
    appUsers: facts.accounts.users.filter(isAppUser).map(({ name }) => name),
    supervisor: await runningSupervisor(layout),
    // Those of a unit go with it.
    cgroups: made.filter((path) => /^hop3-[0-9a-f]{8}$/.test(basename(path)) && existsSync(path)),
    hasRules: (await hostExec(["nft", "list", "table", ...loopbackTable]).catch(() => undefined))?.exitCode === 0,
    hasRun: existsSync(places.run),
    closedTo: closedTo !== undefined && isSightClosed(closedTo, "/proc/net") ? closedTo : undefined,
  });
  if (steps.length === 0) return { steps, notes: [] };
  const kept = facts.hasData && !purge;
  const notes = kept
    ? [
        `Kept: ${places.root} with the data of ${facts.apps.length} apps, the users that own it, ${places.config}. \`hop3 server uninstall --purge\` removes them.`,
      ]
    : ["Nothing of Hop3 is left on this host."];
  if (dryRun) return { steps, notes };
  const apps = facts.apps.length === 0 ? "" : ` ${facts.apps.length} apps end: ${facts.apps.slice(0, 20).join(", ")}.`;
  const gone = purge ? " ALL THEIR DATA IS REMOVED, the records and the settings, too." : " Their data stays.";
  await confirm(hostname(), `The Hop3 server will be removed from this host.${apps}${facts.hasData ? gone : ""}`);
  await applySteps(steps, { exec: hostExec, bundles: [], onAction: (_, action) => say(actionText(action)) });
  return { steps, notes };
}

function isAppUser({ name, uid }: { readonly name: string; readonly uid: number }): boolean {
  return name === `hop3-${uid}` && uid >= appUserRange.first && uid <= appUserRange.last;
}
