/** Who is on the server of the examples: `ada` with a password, `grace`, the service account `ci`, the group `team`. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { seal } from "#core/sealed.ts";
import { createPasswords } from "#identity/password.ts";
import { fromBase32 } from "#identity/testing.ts";
import { totpCode, totpStep } from "#identity/totp.ts";
import type { Store } from "#store/db.ts";
import { setGrant } from "#store/grants.ts";
import { addToGroup, createGroup, deleteGroup } from "#store/groups.ts";
import { openStore } from "#store/open.ts";
import { setPassword } from "#store/passwords.ts";
import { confirmTotp, proposeTotp } from "#store/second-factors.ts";
import { createToken, listTokens, revokeToken } from "#store/tokens.ts";
import { createUser, deleteUser } from "#store/users.ts";
import { systemClock } from "#sys/clock.ts";
import { loadMasterKey } from "#sys/master-key.ts";
import type { Preparation } from "./preparation.ts";
import { passwordOfAda, type World } from "./world.ts";

const org = "default";
const idOfExample = "0123456789abcdef";

async function withStore<Result>({ platform }: World, work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openStore({ file: platform.layout.database, mayCreate: false, clock: systemClock });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** All as they should be, whatever the example before has done; but for those of `without`. */
function everybody(world: World, without: readonly string[] = []): Promise<void> {
  return withStore(world, async (store) => {
    for (const name of ["ada", "grace", "ci"]) await deleteUser(store, name);
    for (const name of ["team", "writers", "watchers"]) await deleteGroup(store, org, name);
    for (const { id, name } of await listTokens(store, "admin")) if (name === "ci") await revokeToken(store, id);
    await createUser(store, "ada", "developer");
    await setPassword(store, "ada", await createPasswords().hash(passwordOfAda));
    if (!without.includes("grace")) await createUser(store, "grace", "developer");
    if (!without.includes("ci")) await createUser(store, "ci", "developer", { kind: "service" });
    await createGroup(store, { org, name: "team" });
    if (without.includes("grace")) return;
    await addToGroup(store, { org, group: "team", user: "grace" });
    await setGrant(store, { app: "blog", subject: { kind: "user", name: "grace" }, role: "viewer", by: "admin" });
  });
}

/** As `hop3 login` leaves it. */
async function logInAda(world: World, server: string): Promise<void> {
  await everybody(world);
  const { exit, said } = await world.run(
    `echo '${passwordOfAda}' | hop3 login ${world.url} --server ${server} --user ada --password-stdin`,
  );
  assert.equal(exit, 0, said);
}

async function enrol(world: World, user: string): Promise<void> {
  const key = await loadMasterKey(world.platform.layout.masterKey);
  await withStore(world, async (store) => {
    const secret = seal(key, `totp:${user}`, randomBytes(20).toString("base64"));
    await proposeTotp(store, user, secret);
    await confirmTotp(store, { user, secret, step: 1, codes: ["0"] });
  });
}

const all = { before: (world: World) => everybody(world) } satisfies Preparation;
const asAda = async (world: World) => logInAda(world, "local");
const asEnrolledAda = async (world: World) => {
  await logInAda(world, "local");
  await enrol(world, "ada");
};
const yes = [[/\[y\/N\] /, "y\r"]] as const;

/** What an authenticator makes of the secret that is shown. */
function codeOf(said: string): string {
  const secret = /secret {2}([A-Z2-7]{32})/.exec(said)?.[1] ?? "";
  return `${totpCode(fromBase32(secret), totpStep(Date.now()))}\r`;
}

export const peoplePreparations: Readonly<Record<string, Preparation>> = {
  "hop3 login https://hop3.example.com --user ada": {
    before: all.before,
    dialogue: [[/Password of ada: /, `${passwordOfAda}\r`]],
  },
  "pass show hop3-ada | hop3 login https://hop3.example.com --user ada --password-stdin": all,
  "hop3 logout": { before: asAda },
  "hop3 logout --server prod": { before: (world) => logInAda(world, "prod") },
  "user show": all,
  "user identities": all,
  "hop3 user add grace --role developer": { before: (world) => everybody(world, ["grace"]) },
  "hop3 user add grace": { before: (world) => everybody(world, ["grace"]) },
  "hop3 user add ci --service --role developer": { before: (world) => everybody(world, ["ci"]) },
  "hop3 user remove grace": { before: all.before, dialogue: yes },
  "hop3 user remove grace --yes": all,
  "user disable": all,
  "user enable": all,
  "user set-role": all,
  "user grant-admin": all,
  "user revoke-admin": all,
  "hop3 user set-password": {
    before: asAda,
    dialogue: [
      [/Present password: /, `${passwordOfAda}\r`],
      [/New password: /, "another password of hers\r"],
      [/Again: /, "another password of hers\r"],
    ],
  },
  "hop3 user set-password grace": all,
  "user reset-totp": {
    async before(world) {
      await everybody(world);
      await enrol(world, "grace");
    },
    dialogue: yes,
  },
  "account totp enable": {
    before: asAda,
    dialogue: [
      [/Password: /, `${passwordOfAda}\r`],
      [/Code that the authenticator shows: /, codeOf],
    ],
  },
  "account totp disable": { before: asEnrolledAda, dialogue: [[/Password: /, `${passwordOfAda}\r`]] },
  "account recovery-codes": { before: asEnrolledAda, dialogue: [[/Password: /, `${passwordOfAda}\r`]] },
  "token create": all,
  "hop3 token list --user ci --all": all,
  "hop3 token revoke ci": {
    async before(world) {
      await everybody(world);
      await world.hop3("token", "create", "ci");
    },
  },
  "hop3 token revoke 0123456789abcdef --user ci": {
    async before(world) {
      await everybody(world);
      const { token } = await withStore(world, (store) => createToken(store, { user: "ci", name: "deploys" }));
      return { [idOfExample]: token.id };
    },
  },
  "hop3 session list --user ada": all,
  "hop3 session end 0123456789abcdef": {
    async before(world) {
      await logInAda(world, "local");
      const [session] = await withStore(world, (store) => listTokens(store, "ada"));
      return { [idOfExample]: session?.id ?? "" };
    },
  },
  "hop3 session end --all --user ada": all,
  "group show": all,
  "group create": all,
  "group add": all,
  "group remove": all,
  "group destroy": all,
  "access grant": all,
  "access revoke": all,
};
