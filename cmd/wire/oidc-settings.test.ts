import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { oidcEnvironment, readOidcSecret, readOidcSettings } from "./oidc-settings.ts";

const least = { HOP3_OIDC_ISSUER: "https://id.example.com", HOP3_OIDC_CLIENT_ID: "hop3" };

test("without an issuer there is no single sign-on", () => {
  assert.equal(readOidcSettings({}), undefined);
  assert.equal(readOidcSettings({ HOP3_OIDC_ISSUER: "", HOP3_OIDC_CLIENT_ID: "" }), undefined);
  assert.deepEqual(oidcEnvironment(undefined), {});
});

test("with an issuer and a client's name, nobody new is let in unless the operator says so", () => {
  assert.deepEqual(readOidcSettings(least), {
    issuer: "https://id.example.com",
    clientId: "hop3",
    secret: undefined,
    clientAuth: undefined,
    scopes: ["openid", "profile", "email"],
    groupsClaim: undefined,
    audiences: [],
    emailDomains: [],
    newUsers: "refuse",
    sessionSeconds: 86_400,
  });
});

test("the settings survive the way to the process that they are for", () => {
  const full = {
    ...least,
    HOP3_OIDC_CLIENT_SECRET_FILE: "/etc/hop3/oidc-secret",
    HOP3_OIDC_CLIENT_AUTH: "post",
    HOP3_OIDC_SCOPES: "openid groups",
    HOP3_OIDC_GROUPS_CLAIM: "https://example.com/groups",
    HOP3_OIDC_AUDIENCE: "a, b",
    HOP3_OIDC_EMAIL_DOMAINS: "Example.com,example.org",
    HOP3_OIDC_NEW_USERS: "member",
    HOP3_OIDC_SESSION_HOURS: "8",
  };
  const settings = readOidcSettings(full);
  assert.deepEqual(settings?.emailDomains, ["example.com", "example.org"]);
  assert.deepEqual(settings?.audiences, ["a", "b"]);
  for (const one of [settings, readOidcSettings({ ...least, HOP3_OIDC_CLIENT_SECRET: "s" })]) {
    assert.deepEqual(readOidcSettings(oidcEnvironment(one)), one);
  }
});

test("a setting that is malformed is named with its reason", () => {
  const wrong: [string, ...string[]][] = [
    [
      "HOP3_OIDC_ISSUER",
      "id.example.com",
      "http://id.example.com",
      "http://localhost:8080",
      "http://127.0.0.1.example.com",
      "https://id.example.com?x=1",
      "https://id.example.com#x",
      "https://user:secret@id.example.com",
      "https://id example.com",
      "ftp://id.example.com",
      `https://${"a".repeat(2100)}`,
    ],
    ["HOP3_OIDC_CLIENT_ID", "ü", "a\nb", "a".repeat(256)],
    ["HOP3_OIDC_CLIENT_SECRET", "a\nb", "ü"],
    ["HOP3_OIDC_CLIENT_SECRET_FILE", "oidc-secret", "/a\nb"],
    ["HOP3_OIDC_CLIENT_AUTH", "none", "Basic"],
    ["HOP3_OIDC_SCOPES", "profile", 'openid "x"', "openid,profile", "openid\tprofile"],
    ["HOP3_OIDC_GROUPS_CLAIM", "a b", "ü"],
    ["HOP3_OIDC_AUDIENCE", "a b", "ü"],
    ["HOP3_OIDC_EMAIL_DOMAINS", "@example.com", "*.example.com", "a b.com", "10.0.0.1", ","],
    ["HOP3_OIDC_NEW_USERS", "admin", "yes", "Member"],
    ["HOP3_OIDC_SESSION_HOURS", "0", "721", "1.5", "a day"],
    ["HOP3_OIDC_EMAIL_DOMAIN", "example.com"],
  ];
  for (const [name, ...values] of wrong) {
    for (const value of values) {
      assert.throws(
        () => readOidcSettings({ ...least, [name]: value }),
        { code: "INVALID_INPUT", message: new RegExp(name) },
        `${name}=${value}`,
      );
    }
  }
  assert.throws(() => readOidcSettings({ HOP3_OIDC_ISSUER: least.HOP3_OIDC_ISSUER }), { message: /CLIENT_ID/ });
  assert.throws(() => readOidcSettings({ HOP3_OIDC_CLIENT_ID: "hop3" }), { message: /ISSUER/ });
  const both = { HOP3_OIDC_CLIENT_SECRET: "s", HOP3_OIDC_CLIENT_SECRET_FILE: "/s" };
  assert.throws(() => readOidcSettings({ ...least, ...both }), { message: /keep one/ });
});

test("no message about a secret holds it", () => {
  const secret = "a-canary\nof-a-secret";
  assert.throws(
    () => readOidcSettings({ ...least, HOP3_OIDC_CLIENT_SECRET: secret }),
    (error: Error) => !error.message.includes("canary"),
  );
});

test("the secret's file is read as it is now, and not when everybody can read it", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "hop3-oidc-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "secret");
  const secret = { file };
  assert.throws(() => readOidcSecret({ secret }), { code: "INVALID_CONFIG", message: /is not there/ });
  writeFileSync(file, "one\n", { mode: 0o640 });
  chmodSync(file, 0o640);
  assert.equal(readOidcSecret({ secret }), "one");
  writeFileSync(file, "two\n");
  assert.equal(readOidcSecret({ secret }), "two");
  for (const text of ["", "\n", "a\nb", "ü", "x".repeat(5000)]) {
    writeFileSync(file, text);
    assert.throws(() => readOidcSecret({ secret }), { code: "INVALID_CONFIG" });
  }
  writeFileSync(file, "three");
  chmodSync(file, 0o644);
  assert.throws(() => readOidcSecret({ secret }), { code: "INVALID_CONFIG", message: /everybody/ });
  assert.throws(() => readOidcSecret({ secret: { file: dir } }), { code: "INVALID_CONFIG" });
});
