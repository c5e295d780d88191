/** What somebody is told of itself. */
import type { Whoami } from "#core/api/system.ts";
import type { Principal } from "./principal.ts";

export function whoIs({ name, org, roles, grants, credential, scope }: Principal): Whoami {
  return {
    user: name,
    org,
    roles: [...roles],
    grants: [...grants].map(([app, granted]) => ({ app, roles: [...granted] })),
    credential: { ...credential },
    scope: {
      actions: scope.actions === null ? null : [...scope.actions],
      apps: scope.apps === null ? null : [...scope.apps],
    },
  };
}
