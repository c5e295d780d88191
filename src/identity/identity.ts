/** What the use cases of this folder are handed. Made once by the composition root. */
import type { Actor } from "#core/actor.ts";
import type { MasterKey } from "#core/sealed.ts";
import type { Db } from "#store/db.ts";
import type { Passwords } from "./password.ts";
import type { Principal } from "./principal.ts";

export type Identity = {
  readonly store: Db;
  /** Seals the secrets of second factors. */
  readonly masterKey: MasterKey;
  readonly passwords: Passwords;
  /** The server's name for people, in their authenticators. */
  readonly serverName: string;
};

/** Who asks: what it may, and how the log of events names it. */
export type Asker = { readonly principal: Principal; readonly actor: Actor };

/** Who logs in, nobody yet, from where and by which program: shown to the owner of the session, and believed in nothing else. */
export type Whence = { readonly actor: Actor; readonly agent: string | undefined };
