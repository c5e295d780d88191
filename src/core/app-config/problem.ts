/** What is wrong with a file of the app: all of it is collected and told at once, each with its line where that is known. */
import { AppError, type ErrorCode } from "../errors.ts";

export type Problem = {
  readonly file: string;
  readonly line?: number | undefined;
  readonly message: string;
  /** True for what Hop3 knows but does not do yet. */
  readonly notBuilt?: boolean;
};

/** `hop3.toml:3: message` */
function renderProblem({ file, line, message }: Problem): string {
  return `${file}${line === undefined ? "" : `:${line}`}: ${message}`;
}

/** Most problems that one error lists. */
export const shownMax = 50;

/** Throws one error for all problems; NOT_BUILT_YET when nothing else is wrong. Returns when there are none. */
export function throwProblems(problems: readonly Problem[], invalid: ErrorCode): void {
  const [first] = problems;
  if (first === undefined) return;
  const wrong = problems.filter((problem) => problem.notBuilt !== true);
  const lead = wrong[0] ?? first;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  const details = problems.slice(0, shownMax).map(renderProblem);
  throw new AppError(wrong.length > 0 ? invalid : "NOT_BUILT_YET", `${renderProblem(lead)}${more}`, { details });
}
