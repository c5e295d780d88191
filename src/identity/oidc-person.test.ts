import assert from "node:assert/strict";
import { test } from "node:test";
import { personOf } from "./oidc-person.ts";
import type { OidcSettings } from "./oidc-settings.ts";

const settings: OidcSettings = {
  issuer: "https://id.example.com",
  clientId: "hop3",
  secret: undefined,
  clientAuth: undefined,
  scopes: ["openid"],
  groupsClaim: "groups",
  audiences: [],
  emailDomains: [],
  newUsers: "member",
  sessionSeconds: 3600,
};

const somebody = (claims: Record<string, unknown>, subject = "u-1") => ({
  issuer: settings.issuer,
  subject,
  claims: { ...claims },
});

const onlyExample = { ...settings, emailDomains: ["example.com"] };

test("a name for a new user is made of what the provider calls somebody, and is always one", () => {
  const names: [Record<string, unknown>, string][] = [
    [{ preferred_username: "Ada" }, "ada"],
    [{ preferred_username: "ada@example.com" }, "ada"],
    [{ preferred_username: "Ada Lovelace" }, "ada-lovelace"],
    [{ preferred_username: "  42-ada._-" }, "ada"],
    [{ preferred_username: "аdmin" }, "dmin"],
    [{ preferred_username: "ada\r\nrole: admin" }, "ada-role-admin"],
    [{ preferred_username: "../../etc/passwd" }, "etc-passwd"],
    [{ preferred_username: "a".repeat(5000) }, "a".repeat(48)],
    [{ preferred_username: "@" }, "sso"],
    [{ preferred_username: ["ada"] }, "sso"],
    [{ email: "bob@example.com", email_verified: true }, "bob"],
    [{ email: "bob@example.com", email_verified: false }, "sso"],
    [{ email: "bob@example.com" }, "sso"],
    [{}, "sso"],
  ];
  for (const [claims, name] of names) assert.equal(personOf(somebody(claims), settings).wantedName, name);
});

test("where addresses are asked for, only a verified one in a listed domain gets in", () => {
  for (const email of ["ada@example.com", "ADA@EXAMPLE.COM"]) {
    assert.equal(personOf(somebody({ email, email_verified: true }), onlyExample).subject, "u-1");
  }
  const refused: Record<string, unknown>[] = [
    {},
    { email: "ada@example.com" },
    { email: "ada@example.com", email_verified: false },
    { email: "ada@example.com", email_verified: "true" },
    { email: "ada@example.com", email_verified: 1 },
    { email: "ada@example.com.evil.org", email_verified: true },
    { email: "ada@evil.org@example.com", email_verified: true },
    { email: "ada@evil.org,x@example.com", email_verified: true, more: "" },
    { email: "ada@sub.example.com", email_verified: true },
    { email: "ada@notexample.com", email_verified: true },
    { email: "ada@exаmple.com", email_verified: true },
    { email: "ada@example.com\n", email_verified: true },
    { email: ["ada@example.com"], email_verified: true },
    { email: `${"a".repeat(300)}@example.com`, email_verified: true },
  ];
  for (const claims of refused) {
    assert.throws(() => personOf(somebody(claims), onlyExample), { code: "DENIED" }, JSON.stringify(claims));
  }
});

test("groups are a list of texts, each once, or one text; left out is none", () => {
  const groups = (claims: Record<string, unknown>) => personOf(somebody(claims), settings).groups;
  assert.deepEqual(groups({ groups: ["dev", "ops", "dev"] }), ["dev", "ops"]);
  assert.deepEqual(groups({ groups: "dev" }), ["dev"]);
  assert.deepEqual(groups({ groups: [] }), []);
  assert.deepEqual(groups({}), []);
  assert.equal(personOf(somebody({ groups: ["dev"] }), { ...settings, groupsClaim: undefined }).groups, undefined);
  assert.deepEqual(personOf(somebody({}), { ...settings, groupsClaim: "toString" }).groups, []);
});

test("groups that are none, or were left out because they are too many, keep somebody out", () => {
  for (const value of [null, 7, {}, [1], [["dev"]], [null]]) {
    assert.throws(() => personOf(somebody({ groups: value }), settings), { code: "UNAUTHENTICATED" });
  }
  const huge = Array.from({ length: 10_001 }, (_, index) => `g${index}`);
  assert.throws(() => personOf(somebody({ groups: huge }), settings), { code: "DENIED" });
  assert.equal(personOf(somebody({ groups: huge.slice(1) }), settings).groups?.length, 10_000);
  const overage = { _claim_names: { groups: "src1" } };
  assert.throws(() => personOf(somebody(overage), settings), { code: "DENIED" });
});

test("a subject that is none keeps somebody out", () => {
  for (const subject of ["", "a b", "a\n", "ü", "x".repeat(256)]) {
    assert.throws(() => personOf(somebody({}, subject), settings), { code: "UNAUTHENTICATED" });
  }
  assert.equal(personOf(somebody({}, "x".repeat(255)), settings).subject.length, 255);
});
