/** Joins the routes of people and their ways in to their use cases: one line a route. */
import { hostname } from "node:os";
import type { Identity } from "#identity/identity.ts";
import { answerNewPassword, answerTotp, logIn, type LoginStep } from "#identity/login.ts";
import { createPasswords } from "#identity/password.ts";
import { logOut } from "#identity/sessions.ts";
import type { Platform } from "#paas/platform.ts";
import type { UseCases } from "#server/use-cases.ts";

export type IdentityUseCases = Pick<UseCases, "logIn" | "logInTotp" | "logInPassword" | "logOut">;

export function identityOf({ store, masterKey, baseDomain }: Platform): Identity {
  const serverName = baseDomain === "localhost" ? hostname() : baseDomain;
  return { store, masterKey, passwords: createPasswords(), serverName };
}

export function identityUseCases(identity: Identity): IdentityUseCases {
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

/** As the contract has it. */
export function loginStep(step: LoginStep) {
  if ("needs" in step) return { ...step, secret: null };
  return { needs: null, login: null, secret: step.secret, expiresAt: step.session.expiresAt ?? "" };
}
