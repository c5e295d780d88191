import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { test } from "node:test";
import { AppError } from "#core/errors.ts";
import { checkAcmeRoot } from "./https-settings.ts";
import { readServerSettings, serverEnvironment } from "./settings.ts";

const read = (env: Record<string, string>) => readServerSettings({ HOP3_ROOT: "/srv/hop3", ...env }, 1000);
const acme = { HOP3_HTTPS_PORT: "8443", HOP3_ACME_EMAIL: "ada+hop3@example.org" };

test("a server has HTTPS on 443 unless it says none; user mode has it when a port is named", () => {
  assert.deepEqual(read({ HOP3_MODE: "system" }).https, { port: 443 });
  assert.equal(read({ HOP3_MODE: "system", HOP3_HTTPS_PORT: "none" }).https, undefined);
  assert.equal(read({}).https, undefined);
  assert.deepEqual(read({ HOP3_HTTPS_PORT: "8443" }).https, { port: 8443 });
});

test("an e-mail address alone asks Let's Encrypt, and another authority is asked where one is named", () => {
  assert.deepEqual(read(acme).https?.acme, {
    email: "ada+hop3@example.org",
    directory: "https://acme-v02.api.letsencrypt.org/directory",
  });
  const other = { HOP3_ACME_CA: "https://ca.example.org:14000/dir", HOP3_ACME_ROOT: "/etc/hop3/root.pem" };
  assert.deepEqual(read({ ...acme, ...other }).https?.acme, {
    email: "ada+hop3@example.org",
    directory: "https://ca.example.org:14000/dir",
    root: "/etc/hop3/root.pem",
  });
});

test("what is handed on to another process is read there as the same", () => {
  for (const env of [
    {},
    { HOP3_MODE: "system" },
    { HOP3_MODE: "system", HOP3_HTTPS_PORT: "none" },
    { ...acme, HOP3_ACME_ROOT: "/etc/hop3/root.pem" },
  ]) {
    const settings = read(env);
    assert.deepEqual(readServerSettings(serverEnvironment(settings), 1000).https, settings.https);
  }
});

test("what is none of a port, an address, a URL or a path is refused by the variable's name", () => {
  for (const [name, value] of [
    ["HOP3_HTTPS_PORT", "0"],
    ["HOP3_HTTPS_PORT", "off"],
    ["HOP3_HTTPS_PORT", "8080"],
    ["HOP3_ACME_EMAIL", "ada"],
    ["HOP3_ACME_EMAIL", "{env.HOME}@example.org"],
    ["HOP3_ACME_EMAIL", "ada@127.0.0.1"],
    ["HOP3_ACME_CA", "http://ca.example.org/dir"],
    ["HOP3_ACME_CA", "https://ca.example.org/{env.HOME}"],
    ["HOP3_ACME_ROOT", "root.pem"],
    ["HOP3_ACME_ROOT", "/etc/{env.HOME}"],
  ] as const) {
    assert.throws(
      () => read({ ...acme, [name]: value }),
      (error: unknown) => error instanceof AppError && error.code === "INVALID_INPUT" && error.message.includes(name),
      `${name}=${value}`,
    );
  }
  assert.throws(() => read({ HOP3_ACME_CA: "https://ca.example.org/dir" }), /HOP3_ACME_CA needs HOP3_ACME_EMAIL/);
});

test("a root that is not there, is none, or is not for the edge's eyes is refused before the edge would be", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "hop3-root-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const root = join(dir, "root.pem");
  const https = { port: 443, acme: { email: "ada@example.org", directory: "https://ca.example.org/dir", root } };
  assert.throws(() => checkAcmeRoot(https, "user"), /is not there/);
  writeFileSync(root, "none");
  assert.throws(() => checkAcmeRoot(https, "user"), /holds no certificate/);
  writeFileSync(root, `${rootCertificates[0]}\n`);
  checkAcmeRoot(https, "user");
  chmodSync(root, 0o600);
  checkAcmeRoot(https, "user");
  assert.throws(() => checkAcmeRoot(https, "system"), /cannot be read/);
  chmodSync(root, 0o644);
  assert.throws(() => checkAcmeRoot(https, "system"), /cannot be read/, "its directory is closed");
  chmodSync(dir, 0o755);
  checkAcmeRoot(https, "system");
});
