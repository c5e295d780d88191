import { after } from "node:test";
import { brokenAppsSuite } from "./broken-apps-suite.ts";
import { startPlatform } from "./platform.ts";

let running: ReturnType<typeof startPlatform> | undefined;
brokenAppsSuite(() => (running ??= startPlatform()));
after(async () => (await running)?.stop());
