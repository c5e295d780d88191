import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { withServerFile } from "./server-env.ts";

const isRoot = process.getuid?.() === 0;

describe("the server's file of settings", { skip: isRoot ? false : "it must belong to root" }, () => {
  let directory: string;
  const read = (more: Record<string, string> = {}) =>
    withServerFile({ HOP3_MODE: "system", HOP3_CONFIG: directory, ...more });
  const write = (text: string) => writeFileSync(join(directory, "server.env"), text, { mode: 0o600 });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hop3-env-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it("gives what the environment does not, as it stands", () => {
    write('# a comment\n\nHOP3_DOMAIN=example.org\nPOSTGRES_DB_URI="postgres://a:b@c/d?x=$HOME"\nHOP3_HTTP_PORT=81\n');
    const found = read({ HOP3_HTTP_PORT: "8081" });
    assert.equal(found["HOP3_DOMAIN"], "example.org");
    assert.equal(found["POSTGRES_DB_URI"], "postgres://a:b@c/d?x=$HOME");
    assert.equal(found["HOP3_HTTP_PORT"], "8081");
  });

  it("may be missing, and is not looked at in user mode", () => {
    assert.equal(read()["HOP3_DOMAIN"], undefined);
    write("HOP3_DOMAIN=example.org\n");
    assert.equal(withServerFile({ HOP3_CONFIG: directory })["HOP3_DOMAIN"], undefined);
  });

  it("is refused with the line that is none", () => {
    write("HOP3_DOMAIN=example.org\nexport X=1\n");
    assert.throws(() => read(), /server\.env, line 2/);
  });

  it("is refused when others than root may write it", () => {
    write("HOP3_DOMAIN=example.org\n");
    chmodSync(join(directory, "server.env"), 0o620);
    assert.throws(() => read(), /can be written by others/);
  });
});
