/** A client that says before the first request that changes something, so that a person can be asked or warned by then. */
import type { RouteName } from "#core/api/routes.ts";
import { addresses } from "./addresses.ts";
import type { Client } from "./client.ts";

/** These are no GET, and change nothing that anybody would miss. */
const harmless: ReadonlySet<RouteName> = new Set<RouteName>(["planDeploy", "pingApp", "logOut"]);

/** `before` is told the app, when the request names one; it is called once, and what it throws ends the request. */
export function watchedClient(client: Client, before: (app: string | undefined) => Promise<void>): Client {
  let asked: Promise<void> | undefined;
  const watch = async (name: RouteName, request: unknown): Promise<void> => {
    if (addresses[name][0] === "GET" || harmless.has(name)) return;
    const { params } = request as { readonly params?: { readonly app?: string } };
    await (asked ??= before(params?.app));
  };
  return {
    server: client.server,
    async call(name, request) {
      await watch(name, request);
      return client.call(name, request);
    },
    async *stream(name, request) {
      await watch(name, request);
      yield* client.stream(name, request);
    },
    async upgrade(name, request, protocol) {
      await watch(name, request);
      return client.upgrade(name, request, protocol);
    },
  };
}
