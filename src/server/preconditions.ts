/**
 * `ETag` and `If-Match`: who has looked at something and then changes it can say what it has seen, and is refused when
 * somebody else was faster. Changes of the same thing are made one after the other, so that none comes between the look at
 * the tag and the change.
 */
import { createHash } from "node:crypto";
import type { Route } from "#core/api/route.ts";
import { AppError } from "#core/errors.ts";
import { canonicalJson } from "#core/hash-chain.ts";

/** The tag of an answer of a route that has one: of what its `tagged` takes out of it. */
export function tagOf(route: Route, answer: unknown): string | undefined {
  if (route.tagged === undefined) return undefined;
  const part = canonicalJson({ part: route.tagged(answer as never) });
  return `"${createHash("sha256").update(part).digest("base64url").slice(0, 22)}"`;
}

/** As HTTP has it; our own tags hold no comma. */
export const tagListForm = /^(\*|(W\/)?"[!#-+\x2d-~]*")([ \t]*,[ \t]*(W\/)?"[!#-+\x2d-~]*")*$/;

/** The tags that a client goes by; undefined when it names none. Throws INVALID_INPUT. */
export function wantedTags(route: Route, header: string | undefined): readonly string[] | undefined {
  if (header === undefined) return undefined;
  if (route.changes === undefined) {
    throw new AppError("INVALID_INPUT", "This route takes no If-Match.", { hint: "docs/api.md says which do." });
  }
  if (header.length <= 1000 && tagListForm.test(header)) return header.split(",").map((tag) => tag.trim());
  throw new AppError("INVALID_INPUT", "If-Match must be an ETag that a GET has answered with, in its quotes.");
}

/** Throws CHANGED_MEANWHILE. */
export function requireTag(wanted: readonly string[], present: string | undefined): void {
  if (wanted.includes("*") || (present !== undefined && wanted.includes(present))) return;
  throw new AppError("CHANGED_MEANWHILE", "It was changed since you have looked at it.", {
    details: present === undefined ? [] : [`Its ETag is ${present} now.`],
  });
}

export type Lines = {
  /** Runs `work` when all that came before it in this line has ended. */
  wait<Result>(line: string, work: () => Promise<Result>): Promise<Result>;
};

export function makeLines(): Lines {
  const last = new Map<string, Promise<unknown>>();
  return {
    async wait(line, work) {
      const before = last.get(line) ?? Promise.resolve();
      const mine = before.then(work, work);
      const ended = mine.catch(() => undefined);
      last.set(line, ended);
      try {
        return await mine;
      } finally {
        if (last.get(line) === ended) last.delete(line);
      }
    },
  };
}
