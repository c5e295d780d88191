/**
 * For each route that changes something, a request that goes well: what the audit log must hold of it after. A new route is
 * missing here until somebody says how it is asked; what needs more than this world names the test that does it.
 */
import type { World } from "./world.ts";

export type Recipe =
  | {
      /** Done first, as the admin; what it gives back stands in the path. */
      readonly before?: (world: World, call: Call) => Promise<Record<string, string> | void>;
      readonly params?: Readonly<Record<string, string>>;
      readonly query?: string;
      /** JSON unless it is bytes of a tar. */
      readonly body?: unknown;
      /** The directory in it is sent as a tar. */
      readonly tar?: string;
      /** Who it is that is told of, when it is not the admin. */
      readonly actor?: string;
      /** Another event before it, where two things are done. */
      readonly first?: string;
      /** What the event is called. */
      readonly action: string;
    }
  | { readonly elsewhere: string; readonly says: string };

/** As the admin; fails unless it goes well. */
export type Call = (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>;

const slow = async (_: World, call: Call): Promise<Record<string, string>> => {
  const { deploy } = await call("POST", "/apps/shop/deploys", "slow");
  return { deploy: String(deploy) };
};

const shop = { app: "shop" };
const account = "src/identity/users.test.ts";

const newToken = async (call: Call, path: string): Promise<string> => {
  const { token } = (await call("POST", path, { name: "to be revoked" })) as { token: { id: string } };
  return token.id;
};

export const password = "correct horse battery";
export const oneTime = "one-time password 1";

export const recipes: Readonly<Record<string, Recipe>> = {
  createApp: { params: { app: "fresh" }, action: "app.create" },
  destroyApp: { params: { app: "fresh" }, query: "?confirm=fresh", action: "app.destroy" },
  stopApp: { params: shop, action: "app.stop" },
  startApp: { params: shop, action: "app.start" },
  restartApp: { params: shop, action: "app.restart" },
  reloadApp: { params: shop, action: "app.reload" },
  resetRestarts: { params: shop, action: "app.reset-restarts" },
  createDeploy: { params: shop, tar: "shop", action: "app.deploy" },
  cancelDeploy: { before: slow, params: shop, action: "app.deploy.cancel" },
  rollback: { params: shop, body: { release: 1 }, action: "app.rollback" },
  changeEnv: { params: shop, body: { set: { SECRET: "canary-of-env" }, unset: [] }, action: "app.env.change" },
  addDomain: { params: shop, body: { domain: "new.example.com" }, action: "app.domain.add" },
  removeDomain: { params: { ...shop, domain: "new.example.com" }, action: "app.domain.remove" },
  scaleProcesses: { params: shop, body: { scale: { web: 2 } }, action: "app.scale" },
  runCron: { params: shop, before: async ({ jobOf }) => ({ job: jobOf("shop") }), action: "cron.run" },
  joinSession: {
    params: shop,
    before: async (_, call) => {
      const body = {
        command: ["true", "canary-of-argument"],
        env: { A: "canary-of-run" },
        terminal: null,
        timeout: 60,
      };
      const { session } = await call("POST", "/apps/shop/run", body);
      return { session: String(session) };
    },
    action: "app.run",
  },
  logIn: { body: { user: "pat", password }, actor: "pat", action: "login" },
  logInPassword: {
    before: async (_, call) => {
      const { login } = await call("POST", "/auth/login", { user: "newcomer", password: oneTime });
      return { login: String(login) };
    },
    body: { login: ":login", password: "another canary password" },
    actor: "newcomer",
    // Two things are done.
    first: "account.password",
    action: "login",
  },
  logInTotp: { elsewhere: "test/integration/identity/login.test.ts", says: "totp" },
  setSource: { params: shop, body: { url: "https://git.example.com/shop.git" }, action: "app.source.set" },
  createWebhook: { params: shop, body: { name: "forge" }, action: "app.webhook.create" },
  rotateWebhook: { params: { ...shop, webhook: "forge" }, action: "app.webhook.rotate" },
  removeWebhook: { params: { ...shop, webhook: "forge" }, action: "app.webhook.remove" },
  receiveWebhook: { elsewhere: "test/e2e/pulls.test.ts", says: "webhook github" },
  removeSource: { params: shop, action: "app.source.remove" },
  createPull: { elsewhere: "test/e2e/pulls.test.ts", says: "/pulls" },
  setPushBranch: { params: shop, body: { branch: "main" }, action: "app.push.branch" },
  proposeTotp: { elsewhere: "src/identity/users.test.ts", says: "a second factor is proposed" },
  addKey: {
    body: { key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDjdZrjSbjrW2KpUMy16rC0XoFyYhPazZEE6F5UrwU0G ada@laptop" },
    action: "key.add",
  },
  removeKey: {
    params: { fingerprint: "SHA256:23W9/RDy9HBh+iXCgmjY/1bSyYlHM+Iuc8FxFnluSmg" },
    action: "key.remove",
  },
  addUser: { body: { user: "rookie", role: "viewer" }, action: "user.create" },
  setRole: { params: { user: "rookie" }, body: { role: "developer" }, action: "user.role" },
  resetPassword: { params: { user: "rookie" }, action: "user.password" },
  disableUser: { params: { user: "rookie" }, action: "user.disable" },
  enableUser: { params: { user: "rookie" }, action: "user.enable" },
  removeUser: { params: { user: "rookie" }, action: "user.remove" },
  createUserToken: {
    before: async (_, call) => void (await call("POST", "/users", { user: "robot", kind: "service" })),
    params: { user: "robot" },
    body: { name: "ci" },
    action: "token.create",
  },
  revokeUserToken: {
    before: async (_, call) => ({ id: await newToken(call, "/users/robot/tokens") }),
    params: { user: "robot" },
    action: "token.revoke",
  },
  createOwnToken: { body: { name: "ci" }, action: "token.create" },
  revokeOwnToken: {
    before: async (_, call) => ({ id: await newToken(call, "/account/tokens") }),
    action: "token.revoke",
  },
  endUserSession: {
    before: async ({ platform }, call) => {
      await call("POST", "/auth/login", { user: "pat", password });
      const { sessions } = (await platform.api("GET", "/users/pat/sessions")) as { sessions: { id: string }[] };
      return { id: String(sessions[0]?.id) };
    },
    params: { user: "pat" },
    action: "session.revoke",
  },
  endUserSessions: { params: { user: "pat" }, action: "session.revoke" },
  endOwnSessions: { action: "session.revoke" },
  createGroup: { body: { group: "crew" }, action: "group.create" },
  addMember: { params: { group: "crew", user: "pat" }, action: "group.add" },
  removeMember: { params: { group: "crew", user: "pat" }, action: "group.remove" },
  destroyGroup: { params: { group: "crew" }, action: "group.destroy" },
  grantAccess: { params: shop, body: { subject: "pat", role: "viewer" }, action: "access.grant" },
  revokeAccess: { params: { ...shop, subject: "pat" }, action: "access.revoke" },
  // Who asks here has neither a password nor a session.
  changePassword: { elsewhere: account, says: '"account.password"' },
  confirmTotp: { elsewhere: account, says: '"account.totp.enable"' },
  renewRecoveryCodes: { elsewhere: account, says: '"account.recovery-codes"' },
  disableTotp: { elsewhere: account, says: '"account.totp.disable"' },
  resetTotp: { elsewhere: account, says: '"user.totp.disable"' },
  endOwnSession: { elsewhere: account, says: '"session.revoke"' },
  logOut: { action: "logout" },
  finishLink: { elsewhere: "test/e2e/single-sign-on.test.ts", says: '"account.link"' },
  linkIdentity: { elsewhere: "test/e2e/single-sign-on.test.ts", says: '"user.link"' },
  unlinkIdentity: { elsewhere: "test/e2e/single-sign-on.test.ts", says: '"user.unlink"' },
};
