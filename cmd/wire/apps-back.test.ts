import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppSummary } from "#core/api/apps.ts";
import { appsBack, type AskApp } from "./apps-back.ts";

const app = (name: string, more: Partial<AppSummary> = {}): AppSummary => ({
  app: name,
  state: "running",
  crashLoops: [],
  urls: [`http://${name}.localhost:8080`],
  release: 1,
  deployedAt: null,
  ...more,
});
const linesOf = async (apps: readonly AppSummary[], ask: AskApp, patience = 0) => {
  const found = [];
  for await (const one of appsBack(apps, ask, Date.now() + patience, new AbortController().signal)) found.push(one);
  return found;
};

test("an app that answers is told with its URL, once it does", async () => {
  let asked = 0;
  const ask = async () => ({ status: ++asked < 3 ? 502 : 200, ms: 1.2 });
  assert.deepEqual(await linesOf([app("blog")], ask, 5000), [
    { line: "http://blog.localhost:8080 answers 200 in 2 ms", url: "http://blog.localhost:8080" },
  ]);
});

test("what is stopped, never deployed or silent is told by what to type, and is not the address to open", async () => {
  const asked: string[] = [];
  const ask = async (url: string) => {
    asked.push(url);
    throw new Error("refused");
  };
  const apps = [app("never", { state: "failed", release: null }), app("old", { state: "stopped" }), app("dead")];
  assert.deepEqual(await linesOf(apps, ask), [
    { line: "never has not been deployed with success yet: hop3 app show --app never", url: undefined },
    { line: "old is stopped: hop3 app start --app old", url: undefined },
    { line: "dead does not answer: hop3 app status --app dead", url: undefined },
  ]);
  assert.deepEqual([...new Set(asked)], ["http://dead.localhost:8080"]);
});

test("a person who stops it does not wait for the rest", async () => {
  const stop = new AbortController();
  const ask = async () => {
    stop.abort();
    throw new Error("refused");
  };
  const left = appsBack([app("blog")], ask, Date.now() + 60_000, stop.signal);
  await assert.rejects(left.next(), { name: "AbortError" });
});
