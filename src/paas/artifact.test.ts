import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { layoutOf } from "#core/layout.ts";
import { artifactPath, readArtifact, writeArtifact } from "./artifact.ts";

/** As it was written until health checks were more than a path. */
const first = {
  version: 1,
  app: "blog",
  build: 3,
  builder: "generic",
  summary: "commands of the Procfile",
  env: { A: "1" },
  path: ["/opt/bin"],
  processes: { web: "serve" },
  cwd: ".",
  staticPaths: {},
  domains: ["blog.example.com"],
  spec: {
    hooks: { release: "migrate" },
    startTimeout: 60,
    healthcheck: { path: "/up", timeout: 5, interval: 30, retries: 4 },
    env: [],
    envPolicy: "keep-existing",
  },
};

test("an artifact of the first version is read as one of today, and asks what it asked; a newer one is refused", (t) => {
  const root = mkdtempSync(join(tmpdir(), "hop3-artifact-"));
  t.after(() => rmSync(root, { recursive: true }));
  const layout = layoutOf({ root, run: join(root, "run") });
  mkdirSync(layout.build("blog", 3), { recursive: true });
  const write = (artifact: object) => writeFileSync(artifactPath(layout, "blog", 3), JSON.stringify(artifact));
  write(first);
  const found = readArtifact(layout, "blog", 3);
  const healthcheck = {
    probe: { kind: "http", path: "/up", method: "GET", expected: [[200, 399]] },
    timeout: 5,
    startPeriod: 10,
    interval: 30,
    retries: 4,
    successThreshold: 1,
  };
  assert.deepEqual(found, { ...first, version: 2, spec: { ...first.spec, healthcheck } });
  writeArtifact(layout, found);
  assert.deepEqual(readArtifact(layout, "blog", 3), found);
  const { healthcheck: _, ...without } = first.spec;
  write({ ...first, spec: without });
  assert.deepEqual(readArtifact(layout, "blog", 3).spec, without);
  write({ ...first, version: 3 });
  assert.throws(() => readArtifact(layout, "blog", 3), { code: "CONFLICT", message: /newer Hop3/ });
});
