/** Python apps whose files were written to keep the server busy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readAppSpec } from "#core/app-config/read.ts";
import { memoryFiles } from "#core/app-config/testing.ts";
import { python } from "./index.ts";

/** Far above what linear work takes on a slow machine, far below what the attack took before it was answered. */
const patience = 15_000;
const tools = { uv: "/uv", python: "/python", node: "/node", npm: "/npm" };

const apps: Readonly<Record<string, Record<string, string>>> = {
  "a requirements file of empty lines": {
    "requirements.txt": "\n".repeat(200_000),
    "app.py": "app = Flask(__name__)\n",
  },
  "parentheses that never close": { "app.py": "def app(\n".repeat(100_000), "requirements.txt": "" },
  "an unknown maker after empty lines": { "app.py": `${"\n".repeat(300_000)}x = App(1)\n`, "requirements.txt": "" },
  "a class that is looked up in each line": { "app.py": "app = App()\n".repeat(80_000), "requirements.txt": "" },
  "an import of the app in each line": { "app.py": "from a import app\n".repeat(55_000), "requirements.txt": "" },
};

for (const [what, contents] of Object.entries(apps)) {
  test(`${what} is looked through soon`, () => {
    const files = memoryFiles(contents);
    const spec = readAppSpec(files);
    const started = performance.now();
    python.builders[0].detect(files, spec);
    try {
      python.builders[0].plan({ files, spec, tools });
    } catch {
      // Most of them name no callable.
    }
    assert.ok(performance.now() - started < patience, `took ${Math.round(performance.now() - started)} ms`);
  });
}
