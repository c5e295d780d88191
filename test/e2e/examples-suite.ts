/** The four examples: each passes its own checks, and does what its README says. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { suite, test } from "node:test";
import { assertAnswers, deployLive, eventually, type TestPlatform, validationsOf } from "./apps.ts";
import { openEvents } from "./events-through-edge.ts";
import { fetchThroughEdge } from "./http-through-edge.ts";
import { openWebSocket } from "./web-socket-through-edge.ts";

const examples = join(import.meta.dirname, "../../examples");
const form = { "content-type": "application/x-www-form-urlencoded" };

/** `platform` is asked for when the first test runs. The examples stay deployed under their own names. */
export function examplesSuite(platform: () => Promise<TestPlatform>): void {
  suite("examples", () => {
    for (const name of ["guestbook", "chat", "site", "jobs"]) {
      test(`${name} passes the checks that it states for itself`, async () => {
        const on = await platform();
        await deployLive(on, join(examples, name), name);
        for (const validation of validationsOf(join(examples, name))) await assertAnswers(on.edge(name), validation);
      });
    }

    test("a line in the guestbook outlives a redeploy, and is shown as text", async () => {
      const on = await platform();
      await deployLive(on, join(examples, "guestbook"), "guestbook");
      const body = new URLSearchParams({ name: "Ada", message: "<b>kept</b>" }).toString();
      const { status } = await fetchThroughEdge(on.edge("guestbook"), "/", { method: "POST", headers: form, body });
      assert.equal(status, 303);
      await deployLive(on, join(examples, "guestbook"), "guestbook");
      await assertAnswers(on.edge("guestbook"), { path: "/", status: 200, contains: "&lt;b&gt;kept&lt;/b&gt;" });
    });

    test("a form sent from another site does not sign the guestbook", async () => {
      const on = await platform();
      await deployLive(on, join(examples, "guestbook"), "guestbook");
      const headers = { ...form, "sec-fetch-site": "cross-site" };
      const answer = await fetchThroughEdge(on.edge("guestbook"), "/", {
        method: "POST",
        headers,
        body: "name=a&message=b",
      });
      assert.equal(answer.status, 403);
    });

    test("what one says in the chat, the others hear, and the feed tells who came", async () => {
      const on = await platform();
      await deployLive(on, join(examples, "chat"), "chat");
      const target = on.edge("chat");
      const events = await openEvents(target, "/events");
      const ada = await openWebSocket(target, "/ws");
      const bob = await openWebSocket(target, "/ws");
      try {
        bob.send(JSON.stringify({ name: "Bob" }));
        while ((await events.next()).data !== JSON.stringify({ name: "Bob" }));
        ada.send(JSON.stringify({ name: "Ada" }));
        ada.send(JSON.stringify({ text: "Hello, Bob" }));
        const { from, text } = JSON.parse(await bob.next()) as { from: string; text: string };
        assert.deepEqual({ from, text }, { from: "Ada", text: "Hello, Bob" });
      } finally {
        ada.close();
        bob.close();
        events.close();
      }
    });

    test("the worker does a job that the web process took", async () => {
      const on = await platform();
      await deployLive(on, join(examples, "jobs"), "jobs");
      const target = on.edge("jobs");
      const { status } = await fetchThroughEdge(target, "/", {
        method: "POST",
        headers: form,
        body: "text=three+small+words",
      });
      assert.equal(status, 303);
      await eventually("the job's result on the page", async () => {
        const { body } = await fetchThroughEdge(target, "/");
        return body.includes("3 words, sha256 ") && body.includes("worker.1");
      });
    });
  });
}
