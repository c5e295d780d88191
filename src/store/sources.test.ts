import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { databases } from "../../test/databases.ts";
import { createApp, deleteApp } from "./apps.ts";
import { createDeploy, endDeploy, getDeploy, lastPushed, setDeploySource } from "./deploys.ts";
import {
  deployBranch,
  pullSource,
  removePullSource,
  setDeployBranch,
  setPullSource,
  type DeploySource,
} from "./sources.ts";

for (const database of databases) {
  describe(`sources on ${database.name}`, () => {
    test("an app has no branch until one is set, and a new app of its name has none again", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      assert.equal(await deployBranch(store, "blog"), null);
      await setDeployBranch(store, "blog", "main");
      await setDeployBranch(store, "blog", "live");
      assert.equal(await deployBranch(store, "blog"), "live");
      await assert.rejects(setDeployBranch(store, "none", "main"), { code: "APP_NOT_FOUND" });
      await deleteApp(store, "blog");
      await createApp(store, "blog");
      assert.equal(await deployBranch(store, "blog"), null);
    });

    test("a deploy remembers what it was made of, and the last push that went live is found", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const source = (commit: string): DeploySource => ({ kind: "push", branch: "main", commit });
      const deploy = async (outcome: "succeeded" | "failed", of?: DeploySource) => {
        const { number } = await createDeploy(store, "blog", { summary: "", createdBy: "ada", source: of });
        await endDeploy(store, "blog", number, outcome);
        return (await getDeploy(store, "blog", number))?.source;
      };
      assert.equal(await lastPushed(store, "blog"), undefined);
      assert.deepEqual(await deploy("succeeded", source("a")), source("a"));
      assert.deepEqual(await deploy("failed", source("b")), source("b"));
      assert.equal(await deploy("succeeded"), null);
      assert.deepEqual(await lastPushed(store, "blog"), source("a"));
      const pulled: DeploySource = { kind: "git", url: "https://git.example.com/a", ref: null, commit: "c" };
      const { number } = await createDeploy(store, "blog", { summary: "", createdBy: "ada" });
      await setDeploySource(store, "blog", number, pulled);
      await endDeploy(store, "blog", number, "succeeded");
      assert.deepEqual((await getDeploy(store, "blog", number))?.source, pulled);
      assert.deepEqual(await lastPushed(store, "blog"), source("a"));
      await assert.rejects(setDeploySource(store, "blog", 99, pulled), { code: "NOT_FOUND" });
    });

    test("what is fetched from is replaced whole: a credential never goes to another address", async (t) => {
      const { store } = await database.open(t);
      await createApp(store, "blog");
      const key = Buffer.alloc(32, 7);
      const credential = { user: "git", token: "canary-token" };
      const one = { url: "https://git.example.com/a", ref: "refs/heads/main", credential, setBy: "ada" };
      await setDeployBranch(store, "blog", "live");
      assert.equal(await pullSource(store, "blog", key), undefined);
      await setPullSource(store, "blog", one, key);
      const { updatedAt, ...found } = (await pullSource(store, "blog", key)) ?? { updatedAt: "" };
      assert.deepEqual(found, one);
      assert.ok(updatedAt !== "");
      await setPullSource(
        store,
        "blog",
        { url: "https://evil.example.com/a", ref: null, credential: null, setBy: "eve" },
        key,
      );
      assert.equal((await pullSource(store, "blog", key))?.credential, null);
      assert.equal(await deployBranch(store, "blog"), "live");
      assert.equal(await removePullSource(store, "blog"), true);
      assert.equal(await removePullSource(store, "blog"), false);
      assert.equal(await pullSource(store, "blog", key), undefined);
      assert.equal(await deployBranch(store, "blog"), "live");
      await assert.rejects(setPullSource(store, "none", one, key), { code: "APP_NOT_FOUND" });
    });
  });
}
