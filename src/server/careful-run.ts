/**
 * A use case with what its client asked to be careful about: not done twice (repeats.ts), not done over what somebody else
 * has changed meanwhile (preconditions.ts). Without such a wish it is just run, in its line where it changes something that
 * others may change, too.
 */
import type { Route } from "#core/api/route.ts";
import { AppError } from "#core/errors.ts";
import type { Input } from "./input.ts";
import { makeLines, requireTag, tagOf, wantedTags } from "./preconditions.ts";
import { type Answers, hashOf, idempotencyHeader, repeatBody, repeatKeyOf, repeats } from "./repeats.ts";

export type CarefulRequest = {
  readonly route: Route;
  readonly request: Request;
  readonly input: Input;
  /** Id of the credential; undefined on a public route. */
  readonly credential: string | undefined;
  /** The use case, with the input's body or one that stands for it. */
  readonly run: (body: unknown) => unknown;
  /** What a route that has a tag answers now, for who asks. Throws when that is not for them. */
  readonly look: (route: Route, params: unknown) => Promise<unknown>;
};

export type Careful = {
  /** What the use case gives. `headers` are for the answer, once it is there. */
  start(asked: CarefulRequest): { readonly result: unknown; readonly headers: Headers };
};

/** `process` names this run of the server. */
export function carefulRuns(answers: Answers | undefined, process: string): Careful {
  const lines = makeLines();
  const remembered = answers === undefined ? undefined : repeats(answers, process);

  const inLine = (asked: CarefulRequest, headers: Headers, body: unknown): unknown => {
    const { route, request, input, run, look } = asked;
    const wanted = wantedTags(route, request.headers.get("if-match") ?? undefined);
    const { changes } = route;
    if (changes === undefined) return run(body);
    const names = Object.keys(changes.params?.shape ?? {});
    const params = Object.fromEntries(
      Object.entries(input.params as Readonly<Record<string, unknown>>).filter(([name]) => names.includes(name)),
    );
    const present = async () => tagOf(changes, await look(changes, params));
    return lines.wait(JSON.stringify([changes.path, params]), async () => {
      if (wanted !== undefined) requireTag(wanted, await present());
      const answer = await run(body);
      const tag = wanted === undefined ? undefined : await present().catch(() => undefined);
      if (tag !== undefined) headers.set("etag", tag);
      return answer;
    });
  };

  return {
    start(asked) {
      const { route, request, input, credential } = asked;
      const headers = new Headers();
      const key = repeatKeyOf(route, request.headers.get(idempotencyHeader) ?? undefined);
      if (key === undefined) return { result: inLine(asked, headers, input.body), headers };
      if (remembered === undefined || credential === undefined) {
        throw new AppError("NOT_BUILT_YET", "This server keeps no answers for an Idempotency-Key.");
      }
      const { pathname, search } = new URL(request.url);
      const what = hashOf(
        request.method,
        pathname,
        search,
        request.headers.get("if-match") ?? "",
        JSON.stringify(input.headers),
      );
      const body = repeatBody(input.body);
      const work = async () => {
        const answer = await inLine(asked, headers, body.value);
        return typeof route.response === "object" ? route.response.parse(answer) : answer;
      };
      const replayed = () => headers.set("idempotency-replayed", "true");
      return { result: remembered.once({ credential, key, request: what, body }, work, replayed), headers };
    },
  };
}
