/** What leaves this folder: plain objects with the names of the domain, never a row, a query or a driver. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { platformActor } from "#core/actor.ts";
import { databases } from "../../test/databases.ts";
import { createApp, getApp, listApps } from "./apps.ts";
import { createBuild, getBuild, listBuilds } from "./builds.ts";
import { appendDeployEvent, listDeployEvents } from "./deploy-events.ts";
import { beginStep, listSteps } from "./deploy-steps.ts";
import { createDeploy, getDeploy, listDeploys, unfinishedDeploys } from "./deploys.ts";
import { addDomain, listAllDomains, listDomains } from "./domains.ts";
import { readEnv, setEnv } from "./env.ts";
import { appendEvent, listEvents, verifyEvents } from "./events.ts";
import { createRelease, getRelease, listReleases, liveRelease, setLive } from "./releases.ts";
import { getScale, setScale } from "./scale.ts";
import { createToken, findToken, listTokens } from "./tokens.ts";
import { createUser, getUser, listUsers } from "./users.ts";

const by = { createdBy: "ada", summary: "" };

for (const database of databases) {
  describe(`what leaves the store on ${database.name}`, () => {
    test("every answer is plain data in the domain's words, and survives JSON", async (t) => {
      const { store } = await database.open(t);
      const key = new Uint8Array(32);
      const answers: unknown[] = [await createApp(store, "blog")];
      await setEnv(store, "blog", [{ name: "lower_case", value: "1", source: "user" }], key);
      await addDomain(store, "blog", "a.test");
      await setScale(store, "blog", { web: 1 });
      answers.push(await createBuild(store, "blog", { ...by, recordVersion: 1, builder: "node" }));
      answers.push(await createRelease(store, "blog", { ...by, build: 1, recordVersion: 1, reason: "deploy" }));
      await setLive(store, "blog", 1);
      answers.push(await createDeploy(store, "blog", by));
      answers.push(await beginStep(store, "blog", 1, "build"));
      answers.push(await appendDeployEvent(store, "blog", 1, "line", { text: "x" }));
      answers.push(await createUser(store, "ada", "admin"));
      const made = await createToken(store, { user: "ada", name: "laptop" });
      answers.push(
        made,
        await findToken(store, made.secret),
        await appendEvent(store, { actor: platformActor, action: "x", outcome: "ok" }),
      );
      answers.push(await getApp(store, "blog"), await listApps(store), await readEnv(store, "blog", key));
      answers.push(await listDomains(store, "blog"), await listAllDomains(store), await getScale(store, "blog"));
      answers.push(await getBuild(store, "blog", 1), await listBuilds(store, "blog"));
      answers.push(
        await getRelease(store, "blog", 1),
        await listReleases(store, "blog"),
        await liveRelease(store, "blog"),
      );
      answers.push(await getDeploy(store, "blog", 1), await listDeploys(store, "blog"), await unfinishedDeploys(store));
      answers.push(await listSteps(store, "blog", 1), await listDeployEvents(store, "blog", 1));
      answers.push(await getUser(store, "ada"), await listUsers(store), await listTokens(store));
      answers.push(await listEvents(store), await verifyEvents(store));
      for (const answer of answers) checkPlain(answer);
      assert.deepEqual(JSON.parse(JSON.stringify(answers)), answers);
      const counts = answers.filter(Array.isArray).map((list) => list.length);
      assert.deepEqual(new Set(counts), new Set([1]));
    });

    test("the handle shows nothing but its clock and how to close it", async (t) => {
      const { store } = await database.open(t);
      assert.deepEqual(Object.keys(store).toSorted(), ["clock", "close"]);
    });
  });
}

test("no file of the product but those of the store takes rows, the query builder or a driver", async () => {
  const root = join(import.meta.dirname, "..");
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith(".ts"));
  assert.ok(files.length > 20);
  for (const file of files) {
    // A test may look at the rows themselves: what must not be stored is nowhere else to be seen.
    if (file.startsWith("store/") || file.endsWith(".test.ts")) continue;
    const text = await readFile(join(root, file), "utf8");
    assert.doesNotMatch(
      text,
      /from "(?:kysely|pg|node:sqlite|#store\/(?:tables|dialect|failures|migrate|postgres|sqlite)\.ts)"/,
      file,
    );
    assert.doesNotMatch(text, /import (?:type )?\{[^}]*\bquery\b[^}]*\} from "#store\/db\.ts"/, file);
  }
});

function checkPlain(value: unknown): void {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return;
  assert.equal(typeof value, "object");
  if (Array.isArray(value)) return value.forEach(checkPlain);
  assert.equal(Object.getPrototypeOf(value), Object.prototype, JSON.stringify(value));
  for (const [name, member] of Object.entries(value as object)) {
    assert.match(name, /^[a-z][A-Za-z]*$/);
    assert.notEqual(name, "sealed");
    checkPlain(member);
  }
}
