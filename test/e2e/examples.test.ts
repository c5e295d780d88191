/** The four examples on one platform, and that they come back after everything was killed at once. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { assertAnswers, deployLive, eventually, validationsOf } from "./apps.ts";
import { examplesSuite } from "./examples-suite.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import type { SupervisorStatus } from "#supervisor/protocol.ts";
import { startPlatform } from "./platform.ts";

const examples = join(import.meta.dirname, "../../examples");
let running: ReturnType<typeof startPlatform> | undefined;
const platform = () => (running ??= startPlatform());
after(async () => (await running)?.stop());

examplesSuite(platform);

suite("after everything was killed at once", () => {
  test("all four examples answer again, with their data", async () => {
    const on = await platform();
    const names = ["guestbook", "chat", "site", "jobs"];
    for (const name of names) await deployLive(on, join(examples, name), name);
    const body = "name=Grace&message=before+the+fall";
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    await fetchThroughEdge(on.edge("guestbook"), "/", { method: "POST", headers, body });

    await on.killEverything();
    await on.startAgain();

    for (const name of names) {
      const [first] = validationsOf(join(examples, name));
      assert.ok(first !== undefined);
      await eventually(
        `${name} answers`,
        async () => (await fetchThroughEdge(on.edge(name), first.path).catch(() => undefined))?.status === first.status,
        20_000,
      );
      for (const validation of validationsOf(join(examples, name))) await assertAnswers(on.edge(name), validation);
    }
    await assertAnswers(on.edge("guestbook"), { path: "/", status: 200, contains: "before the fall" });
  });

  test("only hop3d killed: apps go on, and the API comes back by itself", async () => {
    const on = await platform();
    const { services } = await on.supervisor.call("status", {});
    const hop3d = services.find(({ name }) => name === "hop3d");
    assert.ok(hop3d?.pid !== null && hop3d?.pid !== undefined);
    process.kill(hop3d.pid, "SIGKILL");
    await assertAnswers(on.edge("guestbook"), { path: "/", status: 200, contains: "Guestbook" });
    await eventually(
      "the API answers",
      async () =>
        on.api("GET", "/apps").then(
          () => true,
          () => false,
        ),
      20_000,
    );
  });

  test("only Caddy killed: the edge comes back by itself", async () => {
    const on = await platform();
    const { services } = await on.supervisor.call("status", {});
    const caddy = services.find(({ name }) => name === "caddy");
    assert.ok(caddy?.pid !== null && caddy?.pid !== undefined);
    process.kill(caddy.pid, "SIGKILL");
    await eventually(
      "the site answers",
      async () => (await fetchThroughEdge(on.edge("site"), "/").catch(() => undefined))?.status === 200,
      20_000,
    );
  });

  test("only the supervisor killed: apps never stop, and the next one takes them over", async () => {
    const on = await platform();
    const before = await on.supervisor.call("status", {});
    const pids = pidsOf(before);
    await on.killSupervisor();
    await assertAnswers(on.edge("guestbook"), { path: "/", status: 200, contains: "Guestbook" });
    await on.startAgain();
    const status = await on.supervisor.call("status", {});
    assert.deepEqual(pidsOf(status), pids);
    await assertAnswers(on.edge("guestbook"), { path: "/", status: 200, contains: "Guestbook" });
  });
});

/** Instance id to pid, of all apps. */
function pidsOf({ apps }: SupervisorStatus): Record<string, number | null> {
  return Object.fromEntries(apps.flatMap(({ instances }) => instances.map(({ id, pid }) => [id, pid])));
}
