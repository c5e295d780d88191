/** The gate before every password and code: counts the try, for the address and for the user, before anything is looked at. */
import { AppError } from "#core/errors.ts";
import type { Db } from "#store/db.ts";
import { changeFailures, forgetFailures, type FailureKind } from "#store/login-failures.ts";
import { addressSubject, countTry, takeBackTry } from "./lockout.ts";

export type Try = {
  /** What was shown was right, though more may be missing. */
  takeBack(): Promise<void>;
  /** The user has proved all that there is to prove: its failures are forgotten. */
  succeed(): Promise<void>;
};

/**
 * `user` undefined: what was typed cannot be anybody's name, which nobody should write down: it may be a password.
 * Throws RATE_LIMITED, in the same words whether there is such a user or not.
 */
export async function beginTry(db: Db, user: string | undefined, address: string | null): Promise<Try> {
  const counted: [FailureKind, string][] = [];
  if (address !== null) counted.push(["address", addressSubject(address)]);
  if (user !== undefined) counted.push(["user", user]);
  // The address first: one that is locked does not use up anybody's tries.
  for (const [kind, subject] of counted) {
    const decision = await changeFailures(db, kind, subject, (known, now) => countTry(kind, known, now));
    if (!decision.allowed) throw tooMany(kind, decision.waitMs);
  }
  const takeBack = async () => {
    for (const [kind, subject] of counted) {
      await changeFailures(db, kind, subject, (known) =>
        known === undefined ? {} : { next: takeBackTry(kind, known) },
      );
    }
  };
  return {
    takeBack,
    async succeed() {
      await takeBack();
      if (user !== undefined) await forgetFailures(db, "user", user);
    },
  };
}

function tooMany(kind: FailureKind, waitMs: number): AppError {
  const seconds = Math.ceil(waitMs / 1000);
  const who = kind === "user" ? "for this user" : "from this address";
  return new AppError("RATE_LIMITED", `There were too many failed logins ${who}.`, {
    hint: `Wait ${seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} and try again.`,
  });
}
