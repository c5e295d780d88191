/** The three questions of a line - server, context, app - answered when they are first asked, each once. */
import type { Terminal } from "../terminal.ts";
import { surroundingsOf, type Surroundings } from "./surroundings.ts";
import { traceText, type Found, type Look, type Traced } from "./trace.ts";
import { noApp, whichApp } from "./which-app.ts";
import { whichContext, type Context } from "./which-context.ts";
import { noServer, whichServer, type NamedServer } from "./which-server.ts";

export type AppFrom = {
  /** Where to look from; the current directory unless said. */
  readonly directory?: string;
  /** A deploy: the directory's own name will do. */
  readonly orDirectory?: boolean;
  readonly guard?: boolean;
};

export type Resolver = {
  context(): Promise<Found<Context> | undefined>;
  /** Throws NO_SERVER. */
  server(): Promise<Found<NamedServer>>;
  /** Throws NO_APP. */
  app(from?: AppFrom): Promise<Found<string>>;
  /** Whether hop3.toml calls the context protected. */
  isProtectedContext(): Promise<boolean>;
  /** All three, whether there is an answer or not. Throws what is wrong with a file or a name. */
  why(from?: AppFrom): Promise<Why>;
};

export type Why = {
  readonly text: string;
  readonly data: Readonly<Record<"server" | "context" | "app", Answer>>;
};

type Answer = { readonly value: string | null; readonly source: string | null; readonly looks: readonly Look[] };

type Flags = (name: string) => string | undefined;

export function createResolver(flag: Flags, terminal: Terminal): Resolver {
  const { env } = terminal;
  let around: Surroundings = surroundingsOf(terminal.cwd, terminal);
  let contextTrace: Promise<Traced<Context>> | undefined;
  let serverTrace: Promise<Traced<NamedServer>> | undefined;

  const askContext = () => (contextTrace ??= whichContext(flag("context"), env, around));
  const contextName = async () => (await askContext()).found?.value.name;
  const askServer = () => (serverTrace ??= whichServer(flag("server"), env, around, contextName));
  const askApp = ({ directory = terminal.cwd, orDirectory = false, guard = false }: AppFrom) => {
    // A deploy of another directory is also to where that one's contexts say.
    if (directory !== around.directory && contextTrace === undefined && serverTrace === undefined)
      around = surroundingsOf(directory, terminal);
    return whichApp({
      flag: flag("app"),
      env,
      directory,
      around,
      context: contextName,
      orDirectory,
      guard,
      defaultApp: async () => {
        const server = (await askServer()).found?.value;
        if (server === undefined) return "no server is known";
        const { name, defaultApp } = server;
        return defaultApp === undefined ? `${name} has none` : { value: defaultApp, source: `default app of ${name}` };
      },
    });
  };

  return {
    context: async () => (await askContext()).found,
    server: async () => {
      const { found } = await askServer();
      if (found === undefined) throw noServer(await around.known());
      return found;
    },
    app: async (from = {}) => {
      const traced = await askApp(from);
      if (traced.found === undefined) throw noApp(traced, from.directory ?? terminal.cwd);
      return traced.found;
    },
    isProtectedContext: async () => {
      const name = await contextName();
      return name !== undefined && (await around.project())?.contexts.get(name)?.isProtected === true;
    },
    why: async (from = {}) => {
      const app = await askApp(from);
      const [server, context] = [await askServer(), await askContext()];
      const shown = {
        server: answer(server, ({ name, url }) => (name === url ? url : `${name} (${url})`)),
        context: answer(context, ({ name }) => name),
        app: answer(app, (name) => name),
      };
      const text = (["server", "context", "app"] as const)
        .map((subject) => traceText(subject, shown[subject].value ?? undefined, shown[subject].looks))
        .join("\n");
      return { text, data: shown };
    },
  };
}

function answer<Value>({ found, looks }: Traced<Value>, shown: (value: Value) => string): Answer {
  return { value: found === undefined ? null : shown(found.value), source: found?.source ?? null, looks };
}
