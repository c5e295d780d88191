import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { AppError } from "#core/errors.ts";
import { checkStaticRoots } from "./static-roots.ts";

describe("directories of static files after a build", () => {
  let dir: string;
  let tree: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "hop3-static-"));
    tree = join(dir, "builds/1/tree");
    await mkdir(join(tree, "public/deep"), { recursive: true });
    await mkdir(join(tree, "assets"));
    await mkdir(join(dir, "data"));
    await writeFile(join(tree, "assets/a.css"), "a");
    await writeFile(join(dir, "secret"), "s");
  });
  afterEach(() => rm(dir, { recursive: true }));

  const check = () => checkStaticRoots(tree, { "/": "public", "/gone": "not-there" });
  const refused = (error: unknown) => error instanceof AppError && error.code === "INVALID_SOURCE";

  it("may hold links that stay in the tree, relative or absolute, through other links, and dangling ones", async () => {
    await symlink("../assets/a.css", join(tree, "public/a.css"));
    await symlink(join(tree, "assets"), join(tree, "public/absolute"));
    await symlink("../a.css", join(tree, "public/deep/again.css"));
    await symlink("../assets/none", join(tree, "public/dangling"));
    await symlink("../../tree/assets", join(tree, "public/up-and-down"));
    await check();
  });

  it("may hold links to anywhere under names that the edge never serves", async () => {
    await mkdir(join(tree, "public/.venv/bin"), { recursive: true });
    await symlink("/usr/bin/python3", join(tree, "public/.venv/bin/python"));
    await check();
  });

  const outside: Record<string, (at: string) => Promise<void>> = {
    "a link to a file elsewhere": (at) => symlink("/etc/passwd", at),
    "a link to a folder elsewhere": (at) => symlink("/etc", at),
    "a link that climbs out": (at) => symlink("../../../../secret", at),
    "a link to another build": (at) => symlink("../../../2/tree", at),
    "a link into the app's data, where nothing is yet": (at) => symlink(join(dir, "data/later"), at),
    "a link through the app's data and back into the tree": async (at) => {
      await symlink(join(tree, "assets/a.css"), join(dir, "data/back"));
      await symlink(join(dir, "data/back"), at);
    },
    "a chain of links": async (at) => {
      await symlink(dir, join(tree, "hop"));
      await symlink("../hop/secret", at);
    },
    "a chain through a hidden link to what is not there yet": async (at) => {
      await symlink(join(dir, "data"), join(tree, ".hidden"));
      await symlink("../.hidden/later", at);
    },
    "a link round in a circle": (at) => symlink("trap", at),
  };
  for (const [what, make] of Object.entries(outside)) {
    it(`must not hold ${what}`, async () => {
      await make(join(tree, "public/trap"));
      await assert.rejects(check(), refused);
    });
    it(`must not hold ${what}, below a folder or in .well-known`, async () => {
      await mkdir(join(tree, "public/.well-known"));
      await make(join(tree, "public/trap"));
      await symlink("../trap", join(tree, "public/.well-known/x"));
      await assert.rejects(checkStaticRoots(tree, { "/w": "public/.well-known" }), refused);
    });
  }

  it("must not be a link that leads out, or lie behind one", async () => {
    await symlink("/etc", join(tree, "out"));
    await assert.rejects(checkStaticRoots(tree, { "/": "out" }), refused);
    await assert.rejects(checkStaticRoots(tree, { "/": "out/ssl" }), refused);
  });

  it("may be reached by a path of the operator's that is itself a link", async () => {
    await symlink(join(dir, "builds"), join(dir, "alias"));
    const aliased = join(dir, "alias/1/tree");
    await symlink(join(aliased, "assets"), join(tree, "public/absolute"));
    await checkStaticRoots(aliased, { "/": "public" });
  });
});
