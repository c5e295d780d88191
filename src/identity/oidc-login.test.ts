import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { databases, type Database } from "../../test/databases.ts";
import { startHostileIssuer, type HostileIssuer } from "../../test/oidc/hostile-issuer.ts";
import type { Actor } from "#core/actor.ts";
import { loginSeconds } from "#core/credential-limits.ts";
import { listEvents } from "#store/events.ts";
import { addToGroup, createGroup, groupsOfUser } from "#store/groups.ts";
import { identitiesOf, linkIdentity } from "#store/identities.ts";
import { addressesOfLogins } from "#store/logins.ts";
import { createOrg } from "#store/orgs.ts";
import { listTokens } from "#store/tokens.ts";
import { createUser, getUser, listUsers, setDisabled } from "#store/users.ts";
import { authenticate } from "./authenticate.ts";
import { answerTotp } from "./login.ts";
import { changeOwnPassword } from "./own-password.ts";
import { askDevice, beginDevice } from "./oidc-device.ts";
import type { Sso } from "./oidc-end.ts";
import { beginOwnLink, finishOwnLink, linkUser, listLinks, unlinkUser } from "./oidc-links.ts";
import { proposeSecondFactor } from "./second-factor.ts";
import { askerBy, askerOf, attempt, enrol, makePerson, password, testIdentity, whole } from "./testing.ts";
import { boundedFetch } from "./oidc-fetch.ts";
import { beginSso, finishSso } from "./oidc-login.ts";
import { openLoginsMax } from "./oidc-open-logins.ts";
import { createOidcProvider } from "./oidc-provider.ts";
import type { OidcSettings } from "./oidc-settings.ts";

const client = { id: "hop3", secret: "a-secret-of-the-client" };
const redirect = "http://127.0.0.1:4242/callback";
const address = "192.0.2.7";
const actor: Actor = { name: "nobody", credential: null, address, requestId: "r1" };

type World = Sso & { readonly issuer: HostileIssuer; advance(ms: number): void; another(): Promise<Sso> };

async function open(t: TestContext, database: Database, settings: Partial<OidcSettings> = {}): Promise<World> {
  const { store, clock, another } = await database.open(t);
  const issuer = await startHostileIssuer((work) => t.after(work), client);
  const all: OidcSettings = {
    issuer: issuer.issuer,
    clientId: client.id,
    secret: undefined,
    clientAuth: undefined,
    scopes: ["openid"],
    groupsClaim: "groups",
    audiences: [],
    emailDomains: [],
    newUsers: "member",
    sessionSeconds: 3600,
    ...settings,
  };
  const provider = createOidcProvider({
    settings: all,
    secret: () => client.secret,
    fetch: boundedFetch({ ms: 2000, bytes: 64 * 1024 }),
  });
  const sso = { store, masterKey: new Uint8Array(32).fill(7), settings: all, provider };
  return {
    ...sso,
    issuer,
    advance: (ms) => clock.advance(ms),
    another: async () => ({ ...sso, store: await another() }),
  };
}

/** What the browser comes back with, when somebody has logged in at the provider on this page. */
function back({ issuer }: World, url: string): string {
  const { searchParams } = new URL(url);
  issuer.nonce = searchParams.get("nonce") ?? undefined;
  return `?${new URLSearchParams({ code: "c", state: searchParams.get("state") ?? "" }).toString()}`;
}

/** A whole login of whom the provider's claims say; the session. */
async function logIn(world: World, claims: Record<string, unknown> = {}) {
  world.issuer.lies = { claims: (told) => ({ ...told, ...claims }), userinfo: { sub: claims["sub"] ?? "ada" } };
  const { login, url } = await beginSso(world, { redirect, address });
  const step = await finishSso(world, { login, query: back(world, url), actor, agent: "hop3/1" });
  assert.ok("session" in step);
  return { ...step.session, secret: step.secret };
}

for (const database of databases) {
  describe(`single sign-on on ${database.name}`, () => {
    test("somebody new becomes a member with a session of their own, and is the same the next time", async (t) => {
      const world = await open(t, database);
      const { user, secret, kind, agent } = await logIn(world, { preferred_username: "Ada" });
      assert.deepEqual([user, kind, agent], ["ada", "session", "hop3/1"]);
      const principal = await authenticate(world.store, `Bearer ${secret}`, address);
      assert.deepEqual(principal.roles, ["member"]);
      assert.equal((await getUser(world.store, "ada"))?.password, false);
      const again = await logIn(world, { preferred_username: "somebody-else", email: "x@example.com" });
      assert.equal(again.user, "ada");
      assert.equal((await listUsers(world.store)).length, 1);
      const events = await listEvents(world.store);
      assert.deepEqual(
        events.map(({ actor, action, target, outcome }) => [actor, action, target, outcome]),
        [
          ["hop3", "user.create", "ada", "ok"],
          ["ada", "login", "ada", "ok"],
          ["ada", "login", "ada", "ok"],
        ],
      );
      assert.ok(!JSON.stringify(events).includes(secret));
    });

    test("nobody gets a user that exists by its name or address, however the provider calls them", async (t) => {
      const world = await open(t, database);
      await createUser(world.store, "ada", "admin", { email: "ada@example.com" });
      const claims = { preferred_username: "ada", email: "ada@example.com", email_verified: true };
      const { user, secret } = await logIn(world, claims);
      assert.equal(user, "ada-2");
      assert.deepEqual((await authenticate(world.store, `Bearer ${secret}`, address)).roles, ["member"]);
      assert.equal((await logIn(world, { sub: "other", preferred_username: "ADA" })).user, "ada-3");
      for (const name of ["admin", "hop3", "nobody", "root"]) {
        assert.equal((await logIn(world, { sub: `is-${name}`, preferred_username: name })).user, `${name}-2`);
      }
      assert.equal((await listTokens(world.store, "ada")).length, 0);
    });

    test("the same subject of another issuer is somebody else", async (t) => {
      const world = await open(t, database, { newUsers: "refuse" });
      await createUser(world.store, "ada", "admin");
      await linkIdentity(world.store, { issuer: "https://other.example.com", subject: "ada", user: "ada" });
      await assert.rejects(logIn(world), { code: "DENIED", message: /Nobody here is/ });
      await linkIdentity(world.store, { issuer: world.settings.issuer, subject: "ada", user: "ada" });
      assert.equal((await logIn(world)).user, "ada");
      assert.equal((await identitiesOf(world.store, "ada")).length, 2);
      const again = { issuer: world.settings.issuer, subject: "ada", user: "ada" };
      await assert.rejects(linkIdentity(world.store, again), { code: "CONFLICT" });
      await assert.rejects(linkIdentity(world.store, { ...again, subject: "x", user: "none" }), { code: "NOT_FOUND" });
    });

    test("who is kept out is told why, gets no session, and is written down", async (t) => {
      const world = await open(t, database, { emailDomains: ["example.com"] });
      await assert.rejects(logIn(world, { email: "ada@example.com", email_verified: false }), { code: "DENIED" });
      await assert.rejects(logIn(world, { email: "ada@evil.org", email_verified: true }), { code: "DENIED" });
      const { user } = await logIn(world, { email: "ada@example.com", email_verified: true });
      await setDisabled(world.store, user, true);
      await assert.rejects(logIn(world, { email: "ada@example.com", email_verified: true }), { code: "DENIED" });
      assert.equal((await listUsers(world.store)).length, 1);
      assert.equal((await listTokens(world.store)).length, 1);
      const refused = (await listEvents(world.store)).filter(({ outcome }) => outcome === "DENIED");
      assert.deepEqual(
        refused.map(({ action, details }) => [action, details["subject"]]),
        Array.from({ length: 3 }, () => ["login", "ada"]),
      );
    });

    test("a second factor of this server is asked for after the provider, too", async (t) => {
      const world = await open(t, database, { newUsers: "refuse" });
      const identity = { ...testIdentity(world.store), masterKey: world.masterKey };
      await makePerson(identity, "ada", "admin");
      await linkIdentity(world.store, { issuer: world.settings.issuer, subject: "ada", user: "ada" });
      const { code } = await enrol(identity, "ada");
      const { login, url } = await beginSso(world, { redirect, address });
      const step = await finishSso(world, { login, query: back(world, url), actor, agent: "hop3/1" });
      assert.ok("needs" in step && step.needs === "totp");
      await assert.rejects(authenticate(world.store, `Bearer ${step.login}`, address), { code: "UNAUTHENTICATED" });
      await assert.rejects(answerTotp(identity, { login: step.login, code: "000000", actor, agent: undefined }), {
        code: "UNAUTHENTICATED",
      });
      world.advance(30_000);
      const secret = whole(await answerTotp(identity, { login: step.login, code: code(), actor, agent: "x" }));
      assert.equal((await authenticate(world.store, `Bearer ${secret}`, address)).name, "ada");
    });

    test("who came by single sign-on alone has no password to log in with, nor can make one (A9)", async (t) => {
      const world = await open(t, database);
      const identity = testIdentity(world.store);
      const { secret } = await logIn(world);
      for (const given of ["", "sso", secret, "correct horse battery"]) {
        await assert.rejects(attempt(identity, "sso", given), { code: "UNAUTHENTICATED" });
      }
      const sso = await askerBy(world.store, secret);
      const change = changeOwnPassword(identity, sso, { present: "", next: "correct horse battery" });
      await assert.rejects(change, { code: "CONFLICT" });
      await assert.rejects(proposeSecondFactor(identity, sso, ""), { code: "CONFLICT" });
    });

    test("a session lasts as long as the operator says", async (t) => {
      const world = await open(t, database);
      const { secret } = await logIn(world);
      world.advance(3600_000 - 1);
      await authenticate(world.store, `Bearer ${secret}`, address);
      world.advance(1);
      await assert.rejects(authenticate(world.store, `Bearer ${secret}`, address), { code: "UNAUTHENTICATED" });
    });

    test("an admin says who a person is, with a credential that is not narrowed, in the own organisation", async (t) => {
      const world = await open(t, database, { newUsers: "refuse" });
      const { store, settings } = world;
      await createOrg(store, "guests");
      await createUser(store, "root", "admin");
      await createUser(store, "ada", "developer");
      await createUser(store, "guest", "developer", { org: "guests" });
      await createUser(store, "robot", "developer", { kind: "service" });
      const by = await askerOf(store, "root");
      const link = (name: string, subject = "ada") => ({ name, issuer: settings.issuer, subject });
      for (const limits of [{ apps: ["blog"] }, { actions: ["user.manage" as const] }]) {
        const narrow = await askerOf(store, "root", limits);
        await assert.rejects(linkUser(store, narrow, link("ada")), { code: "DENIED" });
        await assert.rejects(unlinkUser(store, narrow, link("ada")), { code: "DENIED" });
      }
      for (const name of ["guest", "nobody-here"]) {
        await assert.rejects(linkUser(store, by, link(name)), { code: "NOT_FOUND" });
        await assert.rejects(listLinks(store, by.principal, name), { code: "NOT_FOUND" });
        await assert.rejects(unlinkUser(store, by, link(name)), { code: "NOT_FOUND" });
      }
      await assert.rejects(linkUser(store, by, link("robot")), { code: "CONFLICT" });
      assert.deepEqual(
        (await linkUser(store, by, link("ada"))).map(({ subject }) => subject),
        ["ada"],
      );
      await assert.rejects(linkUser(store, by, link("root")), { code: "CONFLICT" });
      const { secret } = await logIn(world);
      await authenticate(store, `Bearer ${secret}`, address);
      await assert.rejects(unlinkUser(store, by, link("ada", "other")), { code: "NOT_FOUND" });
      await assert.rejects(unlinkUser(store, by, link("root")), { code: "NOT_FOUND" });
      assert.deepEqual(await unlinkUser(store, by, link("ada")), []);
      await assert.rejects(authenticate(store, `Bearer ${secret}`, address), { code: "UNAUTHENTICATED" });
      await assert.rejects(logIn(world), { code: "DENIED" });
    });

    test("a person says who they are at the provider with their password, and for themselves alone", async (t) => {
      const world = await open(t, database, { newUsers: "refuse" });
      const identity = { ...testIdentity(world.store), masterKey: world.masterKey };
      for (const name of ["ada", "bob"]) await makePerson(identity, name);
      const [ada, bob] = [await askerOf(world.store, "ada"), await askerOf(world.store, "bob")];
      const given = { redirect, password };
      const wrong = beginOwnLink(world, identity, ada, { redirect, password: "not the password" });
      await assert.rejects(wrong, { code: "UNAUTHENTICATED" });
      const elsewhere = beginOwnLink(world, identity, ada, { redirect: "https://evil.example.com/callback", password });
      await assert.rejects(elsewhere, { code: "INVALID_INPUT" });
      const narrow = await askerOf(world.store, "ada", { actions: ["account.write"] });
      await assert.rejects(beginOwnLink(world, identity, narrow, given), { code: "DENIED" });
      assert.deepEqual(world.issuer.asked, []);

      const first = await beginOwnLink(world, identity, ada, given);
      const query = back(world, first.url);
      // Who has found the secret of the link gets neither a session nor the subject.
      const asking = { query, actor, agent: undefined };
      await assert.rejects(finishSso(world, { login: first.login, ...asking }), { code: "UNAUTHENTICATED" });
      const login = await beginSso(world, { redirect, address });
      const taken = { login: login.login, query: back(world, login.url) };
      await assert.rejects(finishOwnLink(world, bob, taken), { code: "UNAUTHENTICATED" });
      await assert.rejects(finishOwnLink(world, bob, { login: first.login, query: back(world, first.url) }), {
        code: "UNAUTHENTICATED",
      });
      assert.deepEqual(await identitiesOf(world.store, "bob"), []);

      const second = await beginOwnLink(world, identity, ada, given);
      const linked = await finishOwnLink(world, ada, { login: second.login, query: back(world, second.url) });
      assert.deepEqual(
        linked.map(({ subject }) => subject),
        ["ada"],
      );
      assert.equal((await logIn(world)).user, "ada");
      const third = await beginOwnLink(world, identity, bob, given);
      const again = finishOwnLink(world, bob, { login: third.login, query: back(world, third.url) });
      await assert.rejects(again, { code: "CONFLICT" });
    });

    test("groups follow the claim at each login, and what was given here by hand stays", async (t) => {
      const world = await open(t, database);
      const org = "default";
      await createGroup(world.store, { org, name: "developers", role: "developer", claim: "dev-team" });
      await createGroup(world.store, { org, name: "operators", role: "admin", claim: "ops" });
      await createGroup(world.store, { org, name: "friends", claim: "friends" });
      await createGroup(world.store, { org, name: "dev-team", role: "admin" });
      const { user, secret } = await logIn(world, { groups: ["dev-team", "unknown", "ops"] });
      const names = async () => (await groupsOfUser(world.store, org, user)).map(({ name }) => name);
      assert.deepEqual(await names(), ["developers", "operators"]);
      const roles = async () => (await authenticate(world.store, `Bearer ${secret}`, address)).roles;
      assert.deepEqual(await roles(), ["member", "developer", "admin"]);

      await addToGroup(world.store, { org, group: "friends", user });
      await logIn(world, { groups: ["dev-team"] });
      assert.deepEqual(await names(), ["developers", "friends"]);
      assert.deepEqual(await roles(), ["member", "developer"], "of a session of before, too");
      await logIn(world, { groups: [] });
      assert.deepEqual(await names(), ["friends"]);
      await logIn(world, { groups: ["friends", "dev-team"] });
      await logIn(world, {});
      assert.deepEqual(await names(), ["friends"]);
      const told = (await listEvents(world.store)).filter(({ action }) => action === "user.groups");
      assert.deepEqual(told[1]?.details, { joined: [], left: ["operators"] });
    });

    test("without a groups claim in the settings no membership comes or goes", async (t) => {
      const world = await open(t, database, { groupsClaim: undefined });
      await createGroup(world.store, { org: "default", name: "developers", role: "admin", claim: "dev" });
      const { user } = await logIn(world, { groups: ["dev"] });
      assert.deepEqual(await groupsOfUser(world.store, "default", user), []);
    });

    test("a login is ended by its own secret alone, once, and not with what another came back with (A4)", async (t) => {
      const world = await open(t, database);
      const hers = await beginSso(world, { redirect, address });
      const his = await beginSso(world, { redirect, address });
      const query = back(world, hers.url);
      const asking = { actor, agent: undefined };
      const closed = { code: "UNAUTHENTICATED", message: /not open/ };
      for (const login of [`hop3l_${"A".repeat(43)}`, "", hers.login.replace("hop3l_", "hop3_"), `${hers.login} `]) {
        await assert.rejects(finishSso(world, { login, query, ...asking }), closed);
      }
      await assert.rejects(finishSso(world, { login: his.login, query, ...asking }), { code: "UNAUTHENTICATED" });
      assert.equal(world.issuer.forms.length, 0, "her code was shown to nobody");
      const again = { login: his.login, query: back(world, his.url), ...asking };
      await assert.rejects(finishSso(world, again), closed, "and his login is over");

      world.issuer.nonce = new URL(hers.url).searchParams.get("nonce") ?? undefined;
      assert.ok("session" in (await finishSso(world, { login: hers.login, query, ...asking })));
      await assert.rejects(finishSso(world, { login: hers.login, query, ...asking }), closed);
      assert.equal((await listTokens(world.store)).length, 1);
    });

    test("of several that end one login at once, on any server of the database, one does", async (t) => {
      const world = await open(t, database);
      const second = await world.another();
      const { login, url } = await beginSso(world, { redirect, address });
      const query = back(world, url);
      const ended = await Promise.allSettled(
        [world, second, world, second].map((sso) => finishSso(sso, { login, query, actor, agent: undefined })),
      );
      assert.equal(ended.filter(({ status }) => status === "fulfilled").length, 1);
      assert.equal((await listTokens(world.store)).length, 1);
    });

    test("of two first logins of the same person at once both lead to the one user", async (t) => {
      const world = await open(t, database);
      const second = await world.another();
      const nonces = new Map<string, string>();
      const begun = await Promise.all([world, second, world].map((sso) => beginSso(sso, { redirect, address })));
      // Each token gets the nonce of the login that its code was made for.
      world.issuer.lies = {
        claims: (told) => ({ ...told, nonce: nonces.get(world.issuer.forms.at(-1)?.get("code") ?? "") }),
      };
      const ended = await Promise.all(
        begun.map(({ login, url }, index) => {
          const { searchParams } = new URL(url);
          const code = `c${index}`;
          nonces.set(code, searchParams.get("nonce") ?? "");
          const query = `?code=${code}&state=${searchParams.get("state")}`;
          return finishSso([world, second, world][index] ?? world, { login, query, actor, agent: undefined });
        }),
      );
      assert.deepEqual(
        ended.map((step) => ("session" in step ? step.session.user : "none")),
        ["sso", "sso", "sso"],
      );
      assert.equal((await listUsers(world.store)).length, 1);
    });

    test("a login that has expired, or whose secret opens something else, is no login", async (t) => {
      const world = await open(t, database);
      const { login, url } = await beginSso(world, { redirect, address });
      await assert.rejects(authenticate(world.store, `Bearer ${login}`, address), { code: "UNAUTHENTICATED" });
      await assert.rejects(askDevice(world, { login, actor, agent: undefined }), { code: "UNAUTHENTICATED" });
      const device = await beginDevice(world, address);
      const query = back(world, url);
      const asking = { query, actor, agent: undefined };
      await assert.rejects(finishSso(world, { ...asking, login: device.login }), { code: "UNAUTHENTICATED" });
      world.advance(loginSeconds * 1000);
      await assert.rejects(finishSso(world, { ...asking, login }), { code: "UNAUTHENTICATED", message: /not open/ });
      assert.equal(world.issuer.forms.length, 0);
    });

    test("a redirect to elsewhere than this machine begins nothing (A8)", async (t) => {
      const world = await open(t, database);
      for (const elsewhere of ["https://evil.example.com/callback", "http://127.0.0.1.evil.org:80/callback"]) {
        await assert.rejects(beginSso(world, { redirect: elsewhere, address }), { code: "INVALID_INPUT" });
      }
      assert.deepEqual(await addressesOfLogins(world.store, ["sso"]), []);
      assert.deepEqual(world.issuer.asked, []);
    });

    test("logins under way are bounded for an address, and one that fails to begin leaves none", async (t) => {
      const world = await open(t, database);
      for (let one = 0; one < openLoginsMax.ofAddress; one += 1) await beginSso(world, { redirect, address });
      const asked = world.issuer.asked.length;
      await assert.rejects(beginSso(world, { redirect, address }), { code: "RATE_LIMITED" });
      await assert.rejects(beginDevice(world, address), { code: "RATE_LIMITED" });
      assert.equal(world.issuer.asked.length, asked, "and the provider is not asked");
      await beginSso(world, { redirect, address: "192.0.2.8" });
      const ofOneNetwork = (last: number) => ({ redirect, address: `2001:db8:0:1::${last.toString(16)}` });
      for (let one = 0; one < openLoginsMax.ofAddress; one += 1) await beginSso(world, ofOneNetwork(one));
      await assert.rejects(beginSso(world, ofOneNetwork(999)), { code: "RATE_LIMITED" });
      world.advance(loginSeconds * 1000);
      world.issuer.lies = { description: () => [] };
      await assert.rejects(beginSso(world, { redirect, address }), { name: "AppError" });
      await assert.rejects(beginDevice(world, address), { name: "AppError" });
      assert.deepEqual(await addressesOfLogins(world.store, ["sso", "device"]), []);
    });

    test("what a login remembers is sealed, and good for that login alone", async (t) => {
      const world = await open(t, database);
      const { login, url } = await beginSso(world, { redirect, address });
      const other = { ...world, masterKey: new Uint8Array(32).fill(8) };
      const finish = finishSso(other, { login, query: back(world, url), actor, agent: undefined });
      await assert.rejects(finish, { code: "INTERNAL" });
    });

    test("a device is let in at the provider's pace", async (t) => {
      const world = await open(t, database);
      const second = await world.another();
      const begun = await beginDevice(world, address);
      assert.deepEqual([begun.userCode, begun.wait], ["ABCD-EFGH", 5]);
      const ask = (sso: Sso = world) => askDevice(sso, { login: begun.login, actor, agent: "hop3/1" });
      const questions = () => world.issuer.asked.filter((path) => path === "/token").length;
      const says = (error: string) => {
        world.issuer.lies = {
          answers: {
            "/token": (_, response) =>
              response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error })),
          },
        };
      };
      assert.deepEqual(await ask(), { wait: 5 });
      assert.equal(questions(), 0, "too early");
      says("authorization_pending");
      world.advance(5000);
      assert.deepEqual(await ask(), { wait: 5 });
      assert.deepEqual(await ask(), { wait: 5 });
      assert.equal(questions(), 1);
      world.advance(5000);
      says("slow_down");
      assert.deepEqual(await ask(), { wait: 10 });
      world.advance(9000);
      assert.deepEqual(await ask(), { wait: 1 });
      assert.equal(questions(), 2);
      world.advance(1000);
      world.issuer.lies = { answers: { "/token": (request) => request.socket.destroy() } };
      assert.deepEqual(await ask(), { wait: 20 }, "a provider that is away is asked more seldom");
      world.advance(20_000);
      world.issuer.lies = {};
      world.issuer.nonce = undefined;
      const ended = await Promise.allSettled([ask(), ask(second), ask(), ask(second)]);
      const sessions = ended.filter((one) => one.status === "fulfilled" && "step" in one.value);
      assert.equal(sessions.length, 1);
      assert.equal((await listTokens(world.store)).length, 1);
      await assert.rejects(ask(), { code: "UNAUTHENTICATED", message: /not open/ });
    });

    test("a device that was refused, or whose code has expired, is told so once and is over", async (t) => {
      const world = await open(t, database);
      for (const error of ["access_denied", "expired_token"]) {
        const { login, wait } = await beginDevice(world, address);
        world.advance(wait * 1000);
        world.issuer.lies = {
          answers: {
            "/token": (_, response) =>
              response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error })),
          },
        };
        const ask = () => askDevice(world, { login, actor, agent: undefined });
        await assert.rejects(ask(), { code: "UNAUTHENTICATED", message: /refused|expired/ });
        await assert.rejects(ask(), { code: "UNAUTHENTICATED", message: /not open/ });
        world.issuer.lies = {};
      }
      const late = await beginDevice(world, address);
      world.advance(Date.parse(late.expiresAt) - world.store.clock.now());
      await assert.rejects(askDevice(world, { login: late.login, actor, agent: undefined }), { message: /not open/ });
    });
  });
}
