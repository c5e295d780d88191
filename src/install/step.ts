/** An installation as data: what would be done, in order, before anything is. Each step may be cut off anywhere; the next plan finishes it. */

export type Action =
  /** `again`: after a failure this is run, and then the first once more. `accepts`: exit statuses beside 0 that are as good. */
  | {
      readonly do: "run";
      readonly argv: readonly string[];
      readonly again?: readonly string[];
      readonly accepts?: readonly number[];
    }
  | { readonly do: "directory"; readonly path: string; readonly mode: number }
  | { readonly do: "file"; readonly path: string; readonly mode: number; readonly content: string }
  | { readonly do: "link"; readonly path: string; readonly to: string }
  /** A tree of this Hop3 (bundle.ts) by its name, put at `path` whole or not at all. */
  | { readonly do: "copy"; readonly bundle: string; readonly path: string }
  | { readonly do: "remove"; readonly path: string };

export type Step = { readonly title: string; readonly actions: readonly Action[] };

/** For people, a line an action. */
export function actionText(action: Action): string {
  switch (action.do) {
    case "run":
      return action.argv.join(" ");
    case "directory":
      return `make ${action.path} (${action.mode.toString(8)})`;
    case "file":
      return `write ${action.path} (${action.mode.toString(8)}, ${action.content.length} bytes)`;
    case "link":
      return `link ${action.path} to ${action.to}`;
    case "copy":
      return `copy ${action.bundle} to ${action.path}`;
    case "remove":
      return `remove ${action.path}`;
  }
}
