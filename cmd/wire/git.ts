/** Joins what git's clients ask for to the repositories of apps. */
import { fileURLToPath } from "node:url";
import { authorize } from "#identity/can.ts";
import { authenticateSecret, reloadPrincipal } from "#identity/authenticate.ts";
import { principalOfKey } from "#identity/keys.ts";
import type { GitHost } from "#paas/git/git-host.ts";
import type { GitPlace } from "#paas/git/git-environment.ts";
import type { Platform } from "#paas/platform.ts";
import type { GitOptions, GitRequest } from "#server/git/conversation.ts";
import { orgOfApp } from "#store/apps.ts";
import { markName } from "#supervisor/proc-tree.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** All that git finds of hop3d's own environment: with the mark the supervisor finds, when we were killed, what we had started. */
export function gitPlace(platform: Platform, env: Environment): GitPlace {
  return {
    hooks: platform.layout.gitHooks,
    relay: relayArgv(platform.layout.gitSocket, env["NODE_COMPILE_CACHE"]),
    environment: { PATH: env["PATH"] ?? "/usr/bin:/bin", [markName]: env[markName] ?? "" },
  };
}

/** Its code is compiled once; where that is kept only hop3d's user may write. */
function relayArgv(socket: string, cache: string | undefined): string[] {
  const compiled = cache === undefined ? [] : [`NODE_COMPILE_CACHE=${cache}`];
  return [...compiled, process.execPath, fileURLToPath(new URL("../git-ssh.ts", import.meta.url)), socket];
}

export function gitOptions(platform: Platform, host: GitHost): GitOptions {
  const { store, layout } = platform;
  return {
    authenticateSecret: (secret, address) => authenticateSecret(store, secret, address),
    reload: (principal) =>
      principal.credential.kind === "key"
        ? principalOfKey(store, principal.credential.id, principal.address)
        : reloadPrincipal(store, principal),
    authorize,
    orgOfApp: (app) => orgOfApp(store, app),
    open: ({ app, service, by, stillMay, how }: GitRequest) =>
      host.open({
        app,
        service,
        by,
        stillMay,
        command: ({ directory }) =>
          how.kind === "http"
            ? {
                argv: ["git", "http-backend"],
                env: { ...how.cgi, GIT_PROJECT_ROOT: layout.git, GIT_HTTP_EXPORT_ALL: "1" },
              }
            : {
                argv: ["git", service.slice("git-".length), directory],
                env: { GIT_PROTOCOL: how.protocol },
              },
      }),
  };
}
