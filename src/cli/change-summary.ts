/** One line about a change of the environment: names, never values. */
export function changeSummary(
  server: string,
  verb: string,
  change: { app: string; changed: string[]; release: number | null; restarted: string[] },
): string {
  const at = `[${server} / ${change.app}]`;
  if (change.changed.length === 0) return `${at} nothing differs; nothing was restarted.`;
  const effect =
    change.release === null
      ? "in force with the next deploy"
      : `release ${change.release}${change.restarted.length === 0 ? "" : `; restarted ${change.restarted.join(" ")}`}`;
  return `${at} ${verb} ${change.changed.join(", ")}; ${effect}.`;
}
