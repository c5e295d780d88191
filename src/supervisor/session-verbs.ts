/** A one-off command or terminal: in the release's folder and environment, as one of its processes, but with a client. */
import type { Apps } from "./apps.ts";
import { memoryEnv } from "./memory-env.ts";
import { instanceEnv, releasedOf } from "./prepare.ts";
import { recordEnv } from "./records.ts";
import { readSession, sessionSecrets } from "./session-record.ts";
import { appNameOf, fields, numberMax, whole } from "./shape.ts";
import type { Sessions } from "./sessions.ts";

type Context = { readonly apps: Apps; readonly sessions: Sessions };
type Args = { app: string; session: number };

/** Rows of the table of verbs (verbs.ts). */
export const sessionVerbs = {
  "session.open": {
    parse: (args: unknown) => argsOf(args, "session.open"),
    serve: (args: Args, context: Context) => openSession(args, context),
  },
  "session.end": {
    parse: (args: unknown) => argsOf(args, "session.end"),
    serve: async ({ app, session }: Args, { sessions }: Context) => ({ ended: await sessions.end(app, session) }),
  },
  "session.clear": {
    parse: (args: unknown) => {
      fields(args, "session.clear", []);
      return {};
    },
    serve: async (_: unknown, { sessions }: Context) => ({ ended: await sessions.endAll() }),
  },
};

function argsOf(args: unknown, verb: string): Args {
  const found = fields(args, verb, ["app", "session"]);
  return { app: appNameOf(found["app"], "app"), session: whole(found["session"], "session", 0, numberMax) };
}

async function openSession({ app, session }: Args, { apps, sessions }: Context): Promise<{ socket: string }> {
  const { records, run } = apps.options;
  const wanted = readSession(records, app, session);
  const { argv, env: own, token } = sessionSecrets(records, wanted);
  const release = apps.release(app, wanted.release);
  const vars = {
    ...recordEnv(records, "release", app, wanted.release, release.env),
    ...own,
    ...instanceEnv(`run.${session}`, null),
  };
  const { terminal, timeout } = wanted;
  const cwd = apps.openTree(app, release.build, release.cwd);
  const { system } = run;
  const env = { ...vars, ...memoryEnv(system?.most(releasedOf(release).limits).memory ?? null, vars) };
  const walled =
    system === undefined
      ? undefined
      : {
          walls: (mark: string) => system.session(app, releasedOf(release), mark),
          offer: (mark: string) => system.offerSession(app, mark),
        };
  return sessions.open({ app, session, cwd, plan: { token, argv, env, terminal, timeout }, walled });
}
