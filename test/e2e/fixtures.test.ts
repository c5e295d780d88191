import { after } from "node:test";
import { fixtureAppsSuite } from "./fixture-apps-suite.ts";
import { startPlatform } from "./platform.ts";

let running: ReturnType<typeof startPlatform> | undefined;
fixtureAppsSuite(() => (running ??= startPlatform()));
after(async () => (await running)?.stop());
