/** The line in which pushes to an app stand, each until git has ended: the next finds the branch as it was left. */
export function pushLine(app: string): string {
  return `push to ${app}`;
}
