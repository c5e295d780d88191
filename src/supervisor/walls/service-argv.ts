/** The walls of Caddy and `hop3d`: they see the host, as users of their own who can do nothing else. */

export type ServiceUser = {
  readonly uid: number;
  readonly gid: number;
  /** Groups beside its own. */
  readonly groups: readonly number[];
  /** It may listen on ports below 1024, and that is all it may more than others. */
  readonly lowPorts?: true;
};

/** Enters the cgroups while it still may. */
const enter = `while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done
shift
exec "$@"`;

/** What comes before a service's command. `cgroups` are the `cgroup.procs` of the one that it is to be in. */
export function serviceArgv(user: ServiceUser, cgroups: readonly string[]): string[] {
  const { uid, gid, groups } = user;
  const all = user.lowPorts === true ? "-all,+net_bind_service" : "-all";
  const others = groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`;
  const powers = [`--inh-caps=${all}`, `--ambient-caps=${all}`, `--bounding-set=${all}`, "--no-new-privs"];
  const entered = ["/bin/sh", "-c", enter, "service", ...cgroups, "--"];
  return [...entered, "/usr/bin/setpriv", `--reuid=${uid}`, `--regid=${gid}`, others, ...powers];
}
