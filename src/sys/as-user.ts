/** What stands before a command that root runs as somebody else: with their groups, and without any power of root's. */

export type Person = { readonly uid: number; readonly gid: number };

/** Groups beside their own are theirs by the host's files, or those that are given. */
export function asUser({ uid, gid }: Person, groups: readonly number[] | "their own"): string[] {
  const others = groups === "their own" ? "--init-groups" : `--groups=${groups.join(",")}`;
  const powerless = ["--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs"];
  return ["/usr/bin/setpriv", `--reuid=${uid}`, `--regid=${gid}`, others, ...powerless, "--"];
}
