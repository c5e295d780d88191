/** A login by a code that is typed into a browser anywhere (RFC 8628): this server asks the provider, the client asks it. */
import { AppError } from "#core/errors.ts";
import { endLogin, findLogin, setLoginData } from "#store/logins.ts";
import type { Whence } from "./identity.ts";
import type { LoginStep } from "./login.ts";
import { endSso, type Sso } from "./oidc-end.ts";
import { notOpen, reserveLogin, sealLogin, unsealLogin } from "./oidc-open-logins.ts";
import type { DeviceLogin } from "./oidc-provider.ts";

export type BegunDevice = {
  readonly login: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete: string | null;
  /** Seconds until the first question. */
  readonly wait: number;
  readonly expiresAt: string;
};

/** Either seconds until the next question, or how it went on. */
export type AskedDevice = { readonly wait: number } | { readonly step: LoginStep };

type Kept = DeviceLogin & {
  /** Seconds between two questions to the provider. */
  readonly interval: number;
  /** Milliseconds of the wall clock; no question before. */
  readonly askAfter: number;
};

/** Seconds. A provider that gives more is not waited for longer, nor asked more often or more seldom than so. */
const longest = 900;
const interval = { min: 1, max: 60, more: 5 } as const;

const paced = (seconds: number): number => Math.min(Math.max(Math.ceil(seconds), interval.min), interval.max);

/** Throws RATE_LIMITED, UNAVAILABLE where the provider has no device login, and what else it throws. */
export async function beginDevice(sso: Sso, address: string | null): Promise<BegunDevice> {
  const { store, provider } = sso;
  const { login, secret } = await reserveLogin(sso, { stage: "device", address, seconds: longest });
  try {
    const begun = await provider.beginDevice();
    const { facts, deviceCode, userCode, verificationUri, verificationUriComplete } = begun;
    const seconds = paced(begun.interval);
    const kept: Kept = { facts, deviceCode, interval: seconds, askAfter: store.clock.now() + seconds * 1000 };
    const ends = Math.min(Date.parse(login.expiresAt), store.clock.now() + begun.expiresIn * 1000);
    const expiresAt = new Date(ends).toISOString();
    if (!(await setLoginData(store, login, sealLogin(sso, login, kept), expiresAt))) throw notOpen();
    return { login: secret, userCode, verificationUri, verificationUriComplete, wait: seconds, expiresAt };
  } catch (error) {
    await endLogin(store, login.id);
    throw error;
  }
}

/** Throws UNAUTHENTICATED when it was refused, has expired or is not open; DENIED. */
export async function askDevice(
  sso: Sso,
  { login: secret, ...whence }: Whence & { readonly login: string },
): Promise<AskedDevice> {
  const { store, provider } = sso;
  const login = await findLogin(store, secret, "device");
  const kept = login === undefined ? undefined : (unsealLogin(sso, login) as Kept | undefined);
  if (login === undefined || kept === undefined) throw notOpen();
  const now = store.clock.now();
  const early = kept.askAfter - now;
  // More than any pause is a clock that was set back.
  if (early > 0 && early <= interval.max * 1000) return { wait: Math.ceil(early / 1000) };
  const keep = (seconds: number) => {
    const next: Kept = { ...kept, interval: seconds, askAfter: now + seconds * 1000 };
    return sealLogin(sso, login, next);
  };
  // Of several that ask at once, one asks the provider.
  const turn = keep(kept.interval);
  if (!(await setLoginData(store, login, turn))) return { wait: kept.interval };
  try {
    const said = await provider.askDevice(kept);
    if (said === "pending") return { wait: kept.interval };
    if (said === "slower") return await slower(paced(kept.interval + interval.more));
    if (!(await endLogin(store, login.id))) throw notOpen();
    return { step: await endSso(sso, said, whence) };
  } catch (error) {
    // The provider may come back before the code has expired (RFC 8628, 3.5).
    const isAway = error instanceof AppError && (error.code === "UNREACHABLE" || error.code === "TIMEOUT");
    if (isAway) return slower(paced(kept.interval * 2));
    await endLogin(store, login.id);
    throw error;
  }

  async function slower(seconds: number): Promise<AskedDevice> {
    if (login !== undefined) await setLoginData(store, { id: login.id, data: turn }, keep(seconds));
    return { wait: seconds };
  }
}
