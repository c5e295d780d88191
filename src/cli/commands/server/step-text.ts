import { actionText, type Step } from "#install/step.ts";

/** A plan for a reader: each step with its actions below it. */
export function stepsText(steps: readonly Step[]): string {
  return steps
    .map(({ title, actions }) => [title, ...actions.map((one) => `  ${actionText(one)}`)].join("\n"))
    .join("\n");
}
