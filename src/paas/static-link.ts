/** Where the edge finds an app's static files: a link to the live tree, so that its document need not change at a deploy. */
import type { Layout } from "#core/layout.ts";

export function staticLink(layout: Layout, app: string): string {
  return `${layout.edgeLinks}/${app}`;
}
