/** What `--since` takes, as the API takes it. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { agoMs, pointMs } from "#core/since.ts";

/** How long ago is by the server's clock; a time without a zone is of this side's zone. */
export function sinceText(text: string): string {
  if (agoMs(text) !== undefined) return text;
  const point = pointMs(text);
  if (point !== undefined) return new Date(point).toISOString();
  throw new AppError("USAGE", `${quote(text)} is no time for --since.`, {
    hint: "Give how long ago, such as 10m, 1h30m or 2d, or a time such as 2026-03-01T14:30 or 2026-03-01T14:30:00Z.",
  });
}
