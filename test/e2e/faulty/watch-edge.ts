/** Asks an app again and again through the edge, and keeps what it said. */
import assert from "node:assert/strict";
import { fetchThroughEdge, type EdgeTarget } from "../http-through-edge.ts";

export type Watching = {
  /** Ends it unheard. */
  abandon(): void;
  /** Ends it; fails unless each answer was 200 and said one of `versions`, never an earlier one after a later one. */
  stop(versions: readonly string[]): Promise<void>;
};

export function watchEdge(target: EdgeTarget): Watching {
  const said: string[] = [];
  let going = true;
  const asking = (async () => {
    while (going) {
      const answer = await fetchThroughEdge(target, "/").catch((error: unknown) => ({
        status: 0,
        body: String(error),
      }));
      const what = answer.status === 200 ? answer.body : `${answer.status} ${answer.body}`;
      if (said.at(-1) !== what) said.push(what);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    abandon: () => void (going = false),
    async stop(versions) {
      going = false;
      await asking;
      assert.deepEqual(
        said,
        versions.filter((version) => said.includes(version)),
        `the edge said ${said.join(", then ")}`,
      );
      assert.ok(said.length > 0, "nobody was asked");
    },
  };
}
