/** Every broken app fails with its own code and the words its user needs, and what served before goes on serving. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fixtureApps } from "../fixtures/apps.ts";
import { brokenApps } from "../fixtures/broken.ts";
import { assertAnswers, deployLive, type TestPlatform } from "./apps.ts";

/** What serves before the broken one comes: quick to deploy, and with a process that could be lost. */
const sound = fixtureApps.find(({ name }) => name === "generic-procfile-unix");

/** `platform` is asked for when the first test runs. */
export function brokenAppsSuite(platform: () => Promise<TestPlatform>): void {
  suite("broken apps", () => {
    for (const broken of brokenApps) {
      test(`${broken.name} fails with ${broken.code}, and the old release serves`, async () => {
        assert.ok(sound !== undefined);
        const on = await platform();
        const name = `broken-${broken.name}`;
        await deployLive(on, sound.dir, name);
        const result = await on.deploy(broken.dir, name);
        assert.equal(result.outcome, "failed", "a broken app went live");
        const { code, message, hint, details } = result.error;
        const told = [message, hint, ...details].join("\n");
        assert.equal(code, broken.code, told);
        for (const words of broken.says) assert.ok(told.includes(words), `${words} is not among:\n${told}`);
        assert.ok(told.length < 16_384, "an error is to be read by a person");
        await assertAnswers(on.edge(name), sound.check);
        await on.destroy(name);
      });
    }
  });
}
