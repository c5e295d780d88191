import assert from "node:assert/strict";
import { test } from "node:test";
import { planText } from "./show-plan.ts";

test("a plan names the commands of a build as a person would type them, not the places that a build fills in", () => {
  const text = planText({
    app: "blog",
    exists: false,
    builder: "node",
    reason: "package.json",
    summary: "Node with npm",
    runtimes: [
      { name: "node", range: ">=22" },
      { name: "npm", range: "*" },
    ],
    steps: [
      { name: "npm ci", argv: ["{runtime:npm}/bin/npm", "ci"], cwd: ".", timeoutSeconds: 9 },
      {
        name: "uv venv",
        argv: ["/opt/uv", "venv", "--python", "{runtime:python}", "{tree}/.venv"],
        cwd: ".",
        timeoutSeconds: 9,
      },
    ],
    hooks: [],
    processes: [],
    cron: [],
    volumes: [],
    staticPaths: {},
    env: [],
    domains: [],
    refusals: [],
  });
  assert.match(text, /^ {2}node >=22\n {2}npm \(any version\)$/m);
  assert.match(text, /^ {2}npm ci: npm ci$/m);
  assert.match(text, /^ {2}uv venv: \/opt\/uv venv --python python \.venv$/m);
});
