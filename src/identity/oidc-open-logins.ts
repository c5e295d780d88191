/** Logins by single sign-on that are under way: what each must remember is sealed, and they are counted. */
import { AppError } from "#core/errors.ts";
import { seal, unseal } from "#core/sealed.ts";
import { addressesOfLogins, createLogin, type Login } from "#store/logins.ts";
import { addressSubject } from "./lockout.ts";
import type { Sso } from "./oidc-end.ts";

export type SsoStage = "sso" | "device" | "link";

/** At a time. Each is a row and a question to the provider, for whoever asks; they end by themselves within minutes. */
export const openLoginsMax = { all: 1000, ofAddress: 20 } as const;

/** Before the provider is asked anything. Throws RATE_LIMITED. */
export async function reserveLogin(
  { store }: Sso,
  {
    stage,
    ...about
  }: {
    readonly stage: SsoStage;
    readonly address: string | null;
    readonly seconds: number;
    readonly user?: string;
  },
): Promise<{ readonly login: Login; readonly secret: string }> {
  const open = await addressesOfLogins(store, ["sso", "device", "link"]);
  const from = subjectOf(about.address);
  const ofAddress = open.filter((address) => subjectOf(address) === from).length;
  if (open.length >= openLoginsMax.all || ofAddress >= openLoginsMax.ofAddress)
    throw new AppError("RATE_LIMITED", "Too many logins are under way already.", {
      hint: "End one of them, or try again in a few minutes.",
    });
  return createLogin(store, { stage, ...about });
}

/** Whoever has an address of IPv6 has very many. */
function subjectOf(address: string | null): string | undefined {
  return address === null ? undefined : addressSubject(address);
}

export function sealLogin({ masterKey }: Sso, { id, stage }: Pick<Login, "id" | "stage">, data: object): string {
  return seal(masterKey, `login:${stage}:${id}`, JSON.stringify(data));
}

/** Undefined when it never got to have any. */
export function unsealLogin({ masterKey }: Sso, { id, stage, data }: Login): unknown {
  return data === null ? undefined : (JSON.parse(unseal(masterKey, `login:${stage}:${id}`, data)) as unknown);
}

export function notOpen(): AppError {
  return new AppError("UNAUTHENTICATED", "This login is not open, or not any more.", { hint: "Log in again." });
}
