/** Tokens and sessions of somebody: listed, made narrower than what makes them, and ended. */
import type { Action } from "#core/actions.ts";
import { tokenDaysMax, tokenDaysStandard, tokensMax } from "#core/credential-limits.ts";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { transaction, type Db } from "#store/db.ts";
import {
  createToken,
  findTokenById,
  forgetEnded,
  listTokens,
  revokeToken,
  revokeTokens,
  type Token,
  type TokenLimits,
} from "#store/tokens.ts";
import { isNetwork, isNetworkIn } from "./addresses.ts";
import type { Asker } from "./identity.ts";
import { isLive } from "./sessions.ts";
import { tell } from "./tell.ts";
import { showUser } from "./users.ts";

export type TokenWish = {
  readonly name: string;
  readonly days?: number | undefined;
  readonly actions?: readonly Action[] | undefined;
  readonly apps?: readonly string[] | undefined;
  readonly addresses?: readonly string[] | undefined;
};

const day = 24 * 3600 * 1000;

/** Milliseconds for which a token that has ended is still listed. */
const keepEndedMs = 90 * day;

/** For oneself. Throws INVALID_INPUT, CONFLICT for one too many, DENIED for what is wider than what asks for it. */
export function createOwnToken(db: Db, by: Asker, wish: TokenWish): Promise<{ token: Token; secret: string }> {
  return makeToken(db, by, by.principal.name, wish);
}

/** For a service account. Throws as above; NOT_FOUND; DENIED for a person, who makes its own. */
export async function createTokenFor(
  db: Db,
  by: Asker,
  user: string,
  wish: TokenWish,
): Promise<{ token: Token; secret: string }> {
  const { kind } = await showUser(db, by.principal, user);
  if (kind === "person" && user !== by.principal.name) {
    throw new AppError("DENIED", `${quote(user)} is a person, who alone makes tokens in its name.`, {
      hint: "`hop3 user add NAME --service` makes an account for a program.",
    });
  }
  return makeToken(db, by, user, wish);
}

/** Of one kind, the newest first. */
export async function credentialsOf(db: Db, user: string, kind: Token["kind"]): Promise<Token[]> {
  return (await listTokens(db, user)).filter((token) => token.kind === kind);
}

/** Whose and which it is must both be right. Throws NOT_FOUND, also for one that has ended. */
export async function endCredential(db: Db, by: Asker, user: string, kind: Token["kind"], id: string): Promise<Token> {
  return transaction(db, async (tx) => {
    const found = (await credentialsOf(tx, user, kind)).find((token) => token.id === id);
    if (found === undefined || !isLive(found, tx.clock.now()) || !(await revokeToken(tx, id))) {
      throw new AppError("NOT_FOUND", `There is no ${kind} ${quote(id)}, or it has ended.`, {
        hint: `\`hop3 ${kind} list\` lists them.`,
      });
    }
    await tell(tx, by.actor, { action: `${kind}.revoke`, target: id, details: { user } });
    return found;
  });
}

/** All sessions of a user but the one that asks; how many. */
export async function endSessions(db: Db, by: Asker, user: string): Promise<number> {
  return transaction(db, async (tx) => {
    const ended = await revokeTokens(tx, { user, kind: "session", except: by.principal.credential.id });
    await tell(tx, by.actor, { action: "session.revoke", target: user, details: { user, endedSessions: ended } });
    return ended;
  });
}

async function makeToken(db: Db, by: Asker, user: string, wish: TokenWish): Promise<{ token: Token; secret: string }> {
  return transaction(db, async (tx) => {
    const now = tx.clock.now();
    const parent = (await findTokenById(tx, by.principal.credential.id))?.token;
    if (parent === undefined) throw new AppError("UNAUTHENTICATED", "What you are logged in by has ended.");
    await forgetEnded(tx, user, "token", new Date(now - keepEndedMs).toISOString());
    const live = (await credentialsOf(tx, user, "token")).filter((token) => isLive(token, now));
    if (live.length >= tokensMax) {
      throw new AppError("CONFLICT", `${quote(user)} has ${tokensMax} tokens, and may have no more.`, {
        hint: "`hop3 token revoke` makes room.",
      });
    }
    const limits = narrowed(parent, wish);
    const expiresAt = new Date(expiryOf(parent, wish.days, now)).toISOString();
    const { principal, actor } = by;
    const made = await createToken(tx, { user, org: principal.org, name: wish.name, expiresAt, ...limits });
    const details = { user, name: wish.name, expiresAt, ...limits };
    await tell(tx, actor, { action: "token.create", target: made.token.id, details });
    return made;
  });
}

/** What is not asked for is the parent's; what is asked for must be within it. */
function narrowed(parent: TokenLimits, { actions, apps, addresses }: TokenWish): TokenLimits {
  for (const network of addresses ?? []) {
    if (!isNetwork(network)) {
      throw new AppError("INVALID_INPUT", `${quote(network)} is not an address or a network.`, {
        hint: "Write 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32.",
      });
    }
  }
  const wider = <Part>(what: string, asked: readonly Part[] | undefined, within: (one: Part) => boolean): void => {
    const beyond = asked?.find((one) => !within(one));
    if (beyond === undefined) return;
    throw new AppError(
      "DENIED",
      `What you are logged in by is narrower: it is not for ${what} ${quote(String(beyond))}.`,
      {
        hint: "A token is never wider than what has made it.",
      },
    );
  };
  wider("the action", actions, (one) => parent.actions?.includes(one) ?? true);
  wider("the app", apps, (one) => parent.apps?.includes(one) ?? true);
  wider("the address", addresses, (one) => parent.addresses?.some((outer) => isNetworkIn(one, outer)) ?? true);
  return {
    actions: actions ?? parent.actions,
    apps: apps ?? parent.apps,
    addresses: addresses ?? parent.addresses,
  };
}

/** A token made by a token ends with it, at the latest; a session's own end binds nothing: its user could log in again. */
function expiryOf(parent: Token, days: number | undefined, now: number): number {
  const asked = now + Math.min(days ?? tokenDaysStandard, tokenDaysMax) * day;
  const last = parent.kind === "token" && parent.expiresAt !== null ? Date.parse(parent.expiresAt) : Infinity;
  if (days === undefined || asked <= last) return Math.min(asked, last);
  throw new AppError("DENIED", "What you are logged in by ends before that.", {
    hint: `It ends at ${new Date(last).toISOString()}: ask for less, or log in again.`,
  });
}
