import { AppError } from "#core/errors.ts";

/**
 * Refuses a request whose path has the segments `.` or `..`, written out or encoded: they would lead to another route than
 * the one whose fields they stand in, or than a proxy in front has looked at. `target` is as it came, before anybody has
 * resolved it.
 */
export function requirePlainPath(target: string): void {
  const [path = ""] = target.split(/[?#]/, 1);
  const isDots = (segment: string): boolean => /^(\.|%2e){1,2}$/i.test(segment);
  if (!path.split(/[/\\]/).some(isDots)) return;
  throw new AppError("INVALID_INPUT", "The path of a request must not have the segments `.` or `..`.");
}
