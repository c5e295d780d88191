/**
 * A real platform with two organisations, apps of both, and everybody who might ask: each role, each kind of grant, each way
 * in which a credential may be no good or narrower. In all that is not `site`'s there are canaries.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Action } from "#core/actions.ts";
import type { AppRole, Role } from "#core/roles.ts";
import { createGroup } from "#store/groups.ts";
import { setGrant } from "#store/grants.ts";
import { createLogin } from "#store/logins.ts";
import { openStore } from "#store/open.ts";
import { createOrg } from "#store/orgs.ts";
import { createToken, revokeToken, type NewToken } from "#store/tokens.ts";
import { createUser } from "#store/users.ts";
import { systemClock } from "#sys/clock.ts";
import { startPlatform, tarOf, type RunningPlatform } from "../e2e/platform.ts";
import { eventually } from "../e2e/apps.ts";

/** Somebody who asks. */
export type Who = {
  readonly title: string;
  /** Undefined for nobody. */
  readonly token: string | undefined;
  /** Whether the token is good at all. */
  readonly good: boolean;
  readonly org: string;
  readonly role: Role;
  /** On `site`. */
  readonly grant?: AppRole;
  readonly actions?: readonly Action[];
  readonly apps?: readonly string[];
};

/** `site` is the one with grants; the others are of the same organisation, and of another. */
export const apps = ["site", "shop", "theirs"] as const;
export type AppName = (typeof apps)[number];

export const orgOf: Readonly<Record<AppName, string>> = { site: "default", shop: "default", theirs: "guests" };

/** Nobody may find these in what is not theirs. */
export const canaryOf: Readonly<Record<AppName | "guests" | "default", string>> = {
  site: `csite${randomBytes(6).toString("hex")}`,
  shop: `cshop${randomBytes(6).toString("hex")}`,
  theirs: `ctheirs${randomBytes(6).toString("hex")}`,
  guests: `cguests${randomBytes(6).toString("hex")}`,
  default: `cdefault${randomBytes(6).toString("hex")}`,
};

export type World = {
  readonly platform: RunningPlatform;
  readonly everybody: readonly Who[];
  who(title: string): Who;
  /** The name of an app's cron job. */
  jobOf(app: AppName): string;
  /** A token of this user, as the walk needs one that it may use up. */
  another(role: "admin"): Promise<string>;
};

export async function makeWorld(): Promise<World> {
  const platform = await startPlatform({ env: { HOP3_API_RATE: "10000" } });
  const store = await openStore({ file: platform.layout.database, clock: systemClock });
  await createOrg(store, "guests");
  const everybody: Who[] = [{ title: "nobody", token: undefined, good: false, org: "default", role: "member" }];
  const add = async (
    title: string,
    user: string,
    role: Role,
    more: Partial<Who> & { readonly token?: undefined } = {},
    limits: Partial<NewToken> = {},
  ): Promise<string> => {
    const { org = "default", good = true } = more;
    const own = org === "default" && (role === "admin" || more.grant !== undefined);
    // What names a credential is a canary, too, but for those who look for it: they may see their own.
    const { secret } = await createToken(store, {
      name: own ? "laptop" : `${canaryOf[org as "default"]} laptop`,
      user,
      org,
      ...limits,
    });
    everybody.push({ title, good, org, role, ...more, token: secret });
    return secret;
  };

  const people = ["member", "viewer", "auditor", "developer", "admin"] as const;
  // Whoever acts on an app is named in its history; these do not.
  for (const org of ["default", "guests"] as const) await createUser(store, `by-${canaryOf[org]}`, "member", { org });
  const userOf = (role: string): string => `the-${role}`;
  for (const role of people) {
    await createUser(store, userOf(role), role);
    await add(role, userOf(role), role);
  }
  const guestAdmin = `admin-${canaryOf.guests}`;
  await createUser(store, guestAdmin, "admin", { org: "guests" });
  const guest = await add("admin of another organisation", guestAdmin, "admin", { org: "guests" });
  await createGroup(store, { org: "guests", name: `g-${canaryOf.guests}`, role: null, claim: null });
  await createGroup(store, { org: "default", name: `g-${canaryOf.default}`, role: null, claim: null });

  const admin = userOf("admin");
  await deployApps(platform, { site: platform.token, shop: platform.token, theirs: guest });
  for (const role of ["viewer", "developer", "admin"] as const) {
    const user = `granted-${role}`;
    await createUser(store, user, "member");
    await setGrant(store, { app: "site", subject: { kind: "user", name: user }, role, by: "admin" });
    await add(`member, granted ${role}`, user, "member", { grant: role });
  }
  await add("admin's token for app.logs", admin, "admin", { actions: ["app.logs"] }, { actions: ["app.logs"] });
  await add("admin's token for the app shop", admin, "admin", { apps: ["shop"] }, { apps: ["shop"] });
  await add("admin's token for the app site", admin, "admin", { apps: ["site"] }, { apps: ["site"] });
  const none = { good: false } as const;
  const { secret: half } = await createLogin(store, { user: admin, stage: "totp", address: null, seconds: 3600 });
  everybody.push({ title: "half-finished login", token: half, ...none, org: "default", role: "admin" });
  await add("expired token", admin, "admin", none, { expiresAt: new Date(Date.now() - 1000).toISOString() });
  await add("token from elsewhere", admin, "admin", none, { addresses: ["192.0.2.0/24"] });
  await add("revoked token", admin, "admin", none);
  const { token: revoked, secret } = await createToken(store, { name: "revoked", user: admin });
  await revokeToken(store, revoked.id);
  everybody.splice(-1, 1, { title: "revoked token", token: secret, ...none, org: "default", role: "admin" });
  await store.close();

  return {
    platform,
    everybody,
    who(title) {
      const found = everybody.find((one) => one.title === title);
      if (found === undefined) throw new Error(`there is no ${title}`);
      return found;
    },
    jobOf: (app) => canaryOf[app],
    async another() {
      const again = await openStore({ file: platform.layout.database, clock: systemClock });
      const made = await createToken(again, { name: "to be used up", user: admin });
      await again.close();
      return made.secret;
    },
  };
}

/** Each prints its canary, has it as a variable, in its build, its release, a domain and a cron job. */
async function deployApps(platform: RunningPlatform, tokens: Readonly<Record<AppName, string>>): Promise<void> {
  await Promise.all(
    apps.map(async (app) => {
      const canary = canaryOf[app];
      const dir = join(platform.base, "apps", app);
      mkdirSync(dir, { recursive: true });
      writeFileSync(
        join(dir, "hop3.toml"),
        `[build]\nbuild = "echo built ${canary}"\n[run]\nstart = "echo said ${canary}; exec python3 -m http.server --bind 127.0.0.1 $PORT"\n[[cron]]\nname = "${canary}"\nschedule = "@daily"\ncommand = "echo ${canary}"\n`,
      );
      const headers = { authorization: `Bearer ${tokens[app]}` };
      const send = async (method: string, path: string, type: string, body: string | Uint8Array<ArrayBuffer>) => {
        const response = await fetch(`${platform.apiUrl}/apps/${app}${path}`, {
          method,
          headers: { ...headers, "content-type": type },
          body,
        });
        if (!response.ok) throw new Error(`${method} ${path} of ${app}: ${await response.text()}`);
      };
      await send("POST", "/deploys?create=true", "application/x-tar", await tarOf(dir));
      await eventually(
        `${app} is live`,
        async () => {
          const shown = await fetch(`${platform.apiUrl}/apps/${app}/deploys/1`, { headers });
          const { state } = (await shown.json()) as { state: string };
          if (state === "failed")
            throw new Error(
              `${app} did not go live: ${await (await fetch(`${platform.apiUrl}/apps/${app}/build-logs`, { headers })).text()}`,
            );
          return state === "succeeded";
        },
        60_000,
      );
      const set = JSON.stringify({ set: { [canary.toUpperCase()]: canary } });
      await send("PATCH", "/env", "application/json", set);
      await send("POST", "/domains", "application/json", JSON.stringify({ domain: `${canary}.example.com` }));
    }),
  );
}
