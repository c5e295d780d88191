/** Every app of the table deploys with the builder it is meant for, listens where it should, and answers its check. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { deployedDir, fixtureApps } from "../fixtures/apps.ts";
import { assertAnswers, deployLive, type TestPlatform } from "./apps.ts";

/** `platform` is asked for when the first test runs. */
export function fixtureAppsSuite(platform: () => Promise<TestPlatform>): void {
  suite("fixture apps", () => {
    for (const app of fixtureApps) {
      test(`${app.name} deploys and answers`, async () => {
        const on = await platform();
        const { builder } = await deployLive(on, deployedDir(app), app.name);
        assert.equal(builder, app.builder);
        assert.equal(await on.listens(app.name), app.listens);
        await assertAnswers(on.edge(app.name), app.check);
        await on.destroy(app.name);
      });
    }
  });
}
