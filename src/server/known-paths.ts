/** What an address that no route answers is told: that there is nothing, or which methods there are. */
import { apiPrefix } from "#core/api/prefix.ts";
import type { Route } from "#core/api/route.ts";
import { AppError } from "#core/errors.ts";

export type NoRoute = { readonly error: AppError; /** For the header `allow`. */ readonly allow: string | undefined };

/** For a path and method of a request that none of the routes is for. */
export function noRoute(all: readonly Pick<Route, "method" | "path">[]): (method: string, path: string) => NoRoute {
  const known = all.map(({ method, path }) => ({
    method,
    form: new RegExp(`^${apiPrefix}${path.replaceAll(/:[a-z]+/g, "[^/]+")}$`),
  }));
  return (method, path) => {
    const methods = new Set(known.flatMap((one) => (one.form.test(path) ? [one.method] : [])));
    if (methods.size === 0) {
      return { error: new AppError("NOT_FOUND", "There is nothing at this address."), allow: undefined };
    }
    const allow = [...methods].toSorted().join(", ");
    // Whatever the method's name is, it is not repeated.
    const name = /^[A-Z]{1,10}$/.test(method) ? method : "this method";
    const error = new AppError("METHOD_NOT_ALLOWED", `This address does not answer ${name}, only ${allow}.`);
    return { error, allow };
  };
}
