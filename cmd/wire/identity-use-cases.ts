/** Joins the routes of people and their ways in to their use cases: one line a route. */
import { hostname } from "node:os";
import { pageOf } from "#core/api/page.ts";
import { createOwnToken, createTokenFor, endCredential, endSessions } from "#identity/credentials.ts";
import {
  accessTo,
  addMember,
  allGroups,
  createGroup,
  destroyGroup,
  grantAccess,
  parseSubject,
  removeMember,
  revokeAccess,
  showGroup,
} from "#identity/groups.ts";
import type { Asker, Identity } from "#identity/identity.ts";
import { answerNewPassword, answerTotp, logIn } from "#identity/login.ts";
import { changeOwnPassword } from "#identity/own-password.ts";
import { createPasswords } from "#identity/password.ts";
import {
  confirmSecondFactor,
  dropSecondFactor,
  proposeSecondFactor,
  renewRecoveryCodes,
} from "#identity/second-factor.ts";
import { logOut } from "#identity/sessions.ts";
import {
  addUser,
  allUsers,
  changeRole,
  disableUser,
  enableUser,
  removeUser,
  resetPassword,
  resetSecondFactor,
  showUser,
} from "#identity/users.ts";
import type { Platform } from "#paas/platform.ts";
import type { UseCases } from "#server/use-cases.ts";
import {
  accessView,
  groupView,
  loginStep,
  newToken,
  sessionsOf,
  sessionView,
  tokensOf,
  tokenView,
  userView,
} from "./identity-views.ts";

type Login = "logIn" | "logInTotp" | "logInPassword" | "logOut";
type Account =
  | "changePassword"
  | "proposeTotp"
  | "confirmTotp"
  | "disableTotp"
  | "renewRecoveryCodes"
  | "listOwnTokens"
  | "createOwnToken"
  | "revokeOwnToken"
  | "listOwnSessions"
  | "endOwnSession"
  | "endOwnSessions";
type Users =
  | "listUsers"
  | "showUser"
  | "addUser"
  | "removeUser"
  | "disableUser"
  | "enableUser"
  | "setRole"
  | "resetPassword"
  | "resetTotp"
  | "listUserTokens"
  | "createUserToken"
  | "revokeUserToken"
  | "listUserSessions"
  | "endUserSession"
  | "endUserSessions";
type Groups =
  | "listGroups"
  | "showGroup"
  | "createGroup"
  | "destroyGroup"
  | "addMember"
  | "removeMember"
  | "listAccess"
  | "grantAccess"
  | "revokeAccess";

export type IdentityUseCases = Pick<UseCases, Login | Account | Users | Groups>;

export function identityOf({ store, masterKey, baseDomain }: Platform): Identity {
  const serverName = baseDomain === "localhost" ? hostname() : baseDomain;
  return { store, masterKey, passwords: createPasswords(), serverName };
}

export function identityUseCases(identity: Identity): IdentityUseCases {
  return { ...login(identity), ...account(identity), ...users(identity), ...groups(identity) };
}

function login(identity: Identity): Pick<UseCases, Login> {
  return {
    logIn: async ({ body, headers, actor }) =>
      loginStep(await logIn(identity, { ...body, actor, agent: headers["user-agent"] })),
    logInTotp: async ({ body, headers, actor }) =>
      loginStep(await answerTotp(identity, { ...body, actor, agent: headers["user-agent"] })),
    logInPassword: async ({ body, headers, actor }) =>
      loginStep(await answerNewPassword(identity, { ...body, actor, agent: headers["user-agent"] })),
    logOut: async (call) => ({ ended: await logOut(identity.store, call) }),
  };
}

function account(identity: Identity): Pick<UseCases, Account> {
  const { store } = identity;
  return {
    changePassword: (call) => changeOwnPassword(identity, call, call.body),
    proposeTotp: (call) => proposeSecondFactor(identity, call, call.body.password),
    confirmTotp: async (call) => ({ codes: [...(await confirmSecondFactor(identity, call, call.body.code)).codes] }),
    disableTotp: async (call) => {
      await dropSecondFactor(identity, call, call.body.password);
      return { totp: false };
    },
    renewRecoveryCodes: async (call) => ({
      codes: [...(await renewRecoveryCodes(identity, call, call.body.password)).codes],
    }),
    listOwnTokens: async (call) => ({ tokens: await tokensOf(store, call, call.principal.name) }),
    createOwnToken: async (call) => newToken(store, call, await createOwnToken(store, call, call.body)),
    revokeOwnToken: async (call) =>
      tokenView(store, call, await endCredential(store, call, call.principal.name, "token", call.params.id)),
    listOwnSessions: async (call) => ({ sessions: await sessionsOf(store, call, call.principal.name) }),
    endOwnSession: async (call) =>
      sessionView(store, call, await endCredential(store, call, call.principal.name, "session", call.params.id)),
    endOwnSessions: async (call) => ({ ended: await endSessions(store, call, call.principal.name) }),
  };
}

function users(identity: Identity): Pick<UseCases, Users> {
  const { store } = identity;
  /** Only of whom the asker may know at all. */
  const known = async ({ principal }: Asker, user: string) => (await showUser(store, principal, user)).name;
  return {
    listUsers: async (call) => {
      const { items, next } = pageOf(await allUsers(store, call), call.query, ({ name }) => name);
      return { users: items.map(userView), next };
    },
    showUser: async ({ principal, params }) => userView(await showUser(store, principal, params.user)),
    addUser: async (call) => {
      const { user: name, kind, role, email } = call.body;
      const wish = { name, kind, role, ...(email === undefined ? {} : { email }) };
      const { user, oneTime } = await addUser(identity, call, wish);
      return { user: userView(user), oneTime: oneTime ?? null };
    },
    removeUser: async (call) => {
      await removeUser(store, call, call.params.user);
      return { removed: call.params.user };
    },
    disableUser: async (call) => userView(await disableUser(store, call, call.params.user)),
    enableUser: async (call) => userView(await enableUser(store, call, call.params.user)),
    setRole: async (call) => userView(await changeRole(store, call, call.params.user, call.body.role)),
    resetPassword: async (call) => ({
      user: call.params.user,
      oneTime: await resetPassword(identity, call, call.params.user),
    }),
    resetTotp: async (call) => userView(await resetSecondFactor(store, call, call.params.user)),
    listUserTokens: async (call) => ({ tokens: await tokensOf(store, call, await known(call, call.params.user)) }),
    createUserToken: async (call) =>
      newToken(store, call, await createTokenFor(store, call, call.params.user, call.body)),
    revokeUserToken: async (call) => {
      const user = await known(call, call.params.user);
      return tokenView(store, call, await endCredential(store, call, user, "token", call.params.id));
    },
    listUserSessions: async (call) => ({
      sessions: await sessionsOf(store, call, await known(call, call.params.user)),
    }),
    endUserSession: async (call) => {
      const user = await known(call, call.params.user);
      return sessionView(store, call, await endCredential(store, call, user, "session", call.params.id));
    },
    endUserSessions: async (call) => ({ ended: await endSessions(store, call, await known(call, call.params.user)) }),
  };
}

function groups({ store }: Identity): Pick<UseCases, Groups> {
  return {
    listGroups: async ({ principal, query }) => {
      const { items, next } = pageOf(await allGroups(store, principal), query, ({ name }) => name);
      return { groups: items.map(groupView), next };
    },
    showGroup: async ({ principal, params }) => groupView(await showGroup(store, principal, params.group)),
    createGroup: async (call) => {
      const { group: name, role, claim } = call.body;
      return groupView(await createGroup(store, call, { name, role, claim }));
    },
    destroyGroup: async (call) => {
      await destroyGroup(store, call, call.params.group);
      return { removed: call.params.group };
    },
    addMember: async (call) => groupView(await addMember(store, call, call.params.group, call.params.user)),
    removeMember: async (call) => groupView(await removeMember(store, call, call.params.group, call.params.user)),
    listAccess: async ({ params }) => accessView(params.app, await accessTo(store, params.app)),
    grantAccess: async (call) => {
      const { subject, role } = call.body;
      const wish = { app: call.params.app, subject: parseSubject(subject), role };
      return accessView(call.params.app, await grantAccess(store, call, wish));
    },
    revokeAccess: async (call) => {
      const { app, subject } = call.params;
      return accessView(app, await revokeAccess(store, call, app, parseSubject(subject)));
    },
  };
}
