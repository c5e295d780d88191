/** People and their ways in as the HTTP contract shows them: no hash and no seal is among it. */
import type { SessionView, TokenView } from "#core/api/credentials.ts";
import type { GroupView } from "#core/api/groups.ts";
import type { UserView } from "#core/api/users.ts";
import { credentialsOf } from "#identity/credentials.ts";
import { subjectText, type GroupView as Group } from "#identity/groups.ts";
import type { Asker } from "#identity/identity.ts";
import type { LoginStep } from "#identity/login.ts";
import { isLive } from "#identity/sessions.ts";
import type { Db } from "#store/db.ts";
import type { Grant } from "#store/grants.ts";
import type { Token } from "#store/tokens.ts";
import type { User } from "#store/users.ts";

export function loginStep(step: LoginStep) {
  if ("needs" in step) return { ...step, secret: null };
  return { needs: null, login: null, secret: step.secret, expiresAt: step.session.expiresAt ?? "" };
}

export async function tokensOf(store: Db, by: Asker, user: string): Promise<TokenView[]> {
  return (await credentialsOf(store, user, "token")).map((token) => tokenView(store, by, token));
}

export async function sessionsOf(store: Db, by: Asker, user: string): Promise<SessionView[]> {
  return (await credentialsOf(store, user, "session")).map((token) => sessionView(store, by, token));
}

export function newToken(store: Db, by: Asker, { token, secret }: { token: Token; secret: string }) {
  return { token: tokenView(store, by, token), secret };
}

function common(store: Db, { principal }: Asker, token: Token) {
  const { id, createdAt, lastUsedAt, revokedAt } = token;
  const ended = revokedAt !== null ? "revoked" : isLive(token, store.clock.now()) ? null : "expired";
  return { id, createdAt, lastUsedAt, ended, current: id === principal.credential.id } as const;
}

export function tokenView(store: Db, by: Asker, token: Token): TokenView {
  const list = <Part>(parts: readonly Part[] | null) => (parts === null ? null : [...parts]);
  return {
    ...common(store, by, token),
    name: token.name,
    expiresAt: token.expiresAt,
    actions: list(token.actions),
    apps: list(token.apps),
    addresses: list(token.addresses),
  };
}

export function sessionView(store: Db, by: Asker, token: Token): SessionView {
  const { expiresAt, idleSeconds, address, agent } = token;
  return { ...common(store, by, token), expiresAt: expiresAt ?? "", idleSeconds: idleSeconds ?? 0, address, agent };
}

export function userView({ name, kind, role, email, disabledAt, password, totp, createdAt }: User): UserView {
  return { user: name, kind, role, email, disabledAt, password, totp, createdAt };
}

export function groupView({ name, role, claim, members, createdAt }: Group): GroupView {
  return { group: name, role, claim, members: [...members], createdAt };
}

export function accessView(app: string, grants: readonly Grant[]) {
  const access = grants.map(({ subject, role, createdAt, createdBy }) => ({
    subject: subjectText(subject),
    role,
    grantedAt: createdAt,
    grantedBy: createdBy,
  }));
  return { app, access };
}
