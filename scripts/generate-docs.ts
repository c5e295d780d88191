/** Writes the references that are made from the code: `node scripts/generate-docs.ts`; `--check` says what is stale and fails. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiReference, openApi } from "./docs/api.ts";
import { cliReference } from "./docs/cli.ts";
import { errorReference } from "./docs/errors.ts";
import { configReference } from "#core/app-config/reference.ts";

const root = join(import.meta.dirname, "..");

const pages: Readonly<Record<string, () => string>> = {
  "docs/cli.md": cliReference,
  "docs/errors.md": errorReference,
  "docs/api.md": apiReference,
  "docs/openapi.json": openApi,
  "docs/config.md": configReference,
};

const stale: string[] = [];
for (const [path, make] of Object.entries(pages)) {
  const text = `${make().trimEnd()}\n`;
  if (readOr(join(root, path)) === text) continue;
  stale.push(path);
  if (!process.argv.includes("--check")) writeFileSync(join(root, path), text);
}

if (process.argv.includes("--check") && stale.length > 0) {
  process.stderr.write(`Stale: ${stale.join(", ")}. Run \`node scripts/generate-docs.ts\` and commit.\n`);
  process.exitCode = 1;
} else process.stdout.write(stale.length === 0 ? "All generated pages are fresh.\n" : `Wrote ${stale.join(", ")}.\n`);

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
