/** A platform with an app of each kind, and the fuzzing of its API. */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deployLive } from "../e2e/apps.ts";
import { startPlatform, tarOf } from "../e2e/platform.ts";
import { fuzz, type Fuzzed } from "./fuzz.ts";

const fixture = join(import.meta.dirname, "../fixtures/apps/static-root");

/** What is there, or would be of the right form; the names of parameters are those of the document. */
const byName = {
  app: ["victim", "ticker", "none"],
  deploy: ["1", "2"],
  release: ["1", "2"],
  to: ["1"],
  job: ["nightly", "none"],
  run: ["1"],
  session: ["x".repeat(22)],
  domain: ["www.example.com", "none.example.com"],
  user: ["ada", "nobody"],
  confirm: ["none"],
};

const words = [
  "web",
  "worker",
  "web.1",
  "10m",
  "2026-01-01T00:00:00Z",
  "1",
  "5",
  "true",
  "false",
  "victim",
  "GREETING",
  "hello",
  "www.example.com",
  "echo hello",
  "hop3d",
  "ada",
  "x".repeat(22),
  "admin",
  "viewer",
  "a@example.com",
  "SHA256:abc",
];

export type Played = Fuzzed & {
  /** Files that were not there before, beside those of apps and the records. */
  readonly left: readonly string[];
};

export async function play(options: { readonly seed: number; readonly seconds: number }): Promise<Played> {
  const platform = await startPlatform();
  try {
    const ticker = join(platform.base, "ticker");
    mkdirSync(ticker);
    writeFileSync(join(ticker, "Procfile"), "worker: while :; do echo tick; sleep 1; done\n");
    writeFileSync(join(ticker, "hop3.toml"), '[[cron]]\nname = "nightly"\nschedule = "@daily"\ncommand = "true"\n');
    await deployLive(platform, fixture, "victim");
    await deployLive(platform, ticker, "ticker");
    const known = { words, byName, archive: await tarOf(fixture) };
    const fuzzed = await fuzz({ port: platform.settings.apiPort, token: platform.token, known, ...options });
    const left = readdirSync(platform.base, { recursive: true, encoding: "utf8" });
    return { ...fuzzed, left: left.filter((path) => /pwned/.test(path)) };
  } finally {
    await platform.stop();
  }
}
