/** A conversation of git with this server, however it came: who asks and whether it may. */
import { gitActions, type GitService } from "#core/api/git.ts";
import { AppError } from "#core/errors.ts";
import type { Action } from "#core/actions.ts";
import type { Actor } from "#core/actor.ts";
import { appResource, type Principal, type Resource } from "#identity/principal.ts";
import type { Readable, Writable } from "node:stream";

/** git as a process. */
export type GitProcess = {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit status. */
  readonly ended: Promise<number>;
  /** Aborted when who asks may not any more: the client is let go, and what a push has begun goes on. */
  readonly cut: AbortSignal;
};

export type GitRequest = {
  readonly app: string;
  readonly service: GitService;
  readonly by: Actor;
  /** Throws when it may not any more. */
  readonly stillMay: () => Promise<void>;
  /** `http`: git's CGI with these variables. `direct`: the two ends of the service itself, by this version of the protocol. */
  readonly how:
    | { readonly kind: "http"; readonly cgi: Readonly<Record<string, string>> }
    | { readonly kind: "direct"; readonly protocol: string };
};

export type GitOptions = {
  /** Throws UNAUTHENTICATED. */
  readonly authenticateSecret: (secret: string | undefined, address: string | undefined) => Promise<Principal>;
  /** Who was let in, as of now; undefined when that is over. */
  readonly reload: (principal: Principal) => Promise<Principal | undefined>;
  readonly authorize: (principal: Principal, action: Action, resource: Resource) => void;
  readonly orgOfApp: (app: string) => Promise<string | undefined>;
  readonly open: (request: GitRequest) => Promise<GitProcess>;
};

/** Whether who asks may do this now. Throws DENIED, APP_NOT_FOUND; a fetch needs an app that is there. */
export async function admitGit(
  { authorize, orgOfApp }: GitOptions,
  principal: Principal,
  app: string,
  service: GitService,
): Promise<void> {
  const org = await orgOfApp(app);
  authorize(principal, gitActions[service], appResource(app, org));
  if (org === undefined && service === "git-upload-pack")
    throw new AppError("APP_NOT_FOUND", `There is no app ${app}.`, { hint: "A first push makes it." });
}

/** For later looks at the same: throws UNAUTHENTICATED when the credential is good no more. */
export function stillMay(
  options: GitOptions,
  principal: Principal,
  app: string,
  service: GitService,
): () => Promise<void> {
  return async () => {
    const now = await options.reload(principal);
    if (now === undefined) throw new AppError("UNAUTHENTICATED", "What you have logged in with was revoked.");
    await admitGit(options, now, app, service);
  };
}
