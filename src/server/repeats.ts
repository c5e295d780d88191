/**
 * `Idempotency-Key`: a request that may have been done is sent again with the same key, and is not done twice. The same key
 * with the same request has the same answer for a day, also while the first is still under way and after a restart of the
 * server; with another request it is refused. What has failed is not remembered: its client was told, and may try anew.
 */
import { createHash } from "node:crypto";
import type { Route } from "#core/api/route.ts";
import { AppError } from "#core/errors.ts";

export type RepeatKey = { readonly credential: string; readonly key: string };

/** Where answers are kept (store/answers.ts). */
export type Answers = {
  begin(
    at: RepeatKey,
    of: { readonly request: string; readonly process: string },
  ): Promise<
    | {
        readonly request: string;
        readonly body: string | null;
        readonly answer: string | null;
        readonly process: string;
      }
    | undefined
  >;
  keep(at: RepeatKey, of: { readonly body: string; readonly answer: string }): Promise<void>;
  forget(at: RepeatKey): Promise<void>;
};

export type Repeats = {
  /** What `work` gives, or what it gave to the same request before: then `replayed` is called. Throws CONFLICT. */
  once(asked: Asked, work: () => Promise<unknown>, replayed: () => void): Promise<unknown>;
};

export type Asked = RepeatKey & {
  /** All of the request but its body. */
  readonly request: string;
  readonly body: RepeatBody;
};

/** A body whose hash is known when it was read: a stream is read to its end for that. */
export type RepeatBody = { readonly value: unknown; readonly hash: () => Promise<string> };

export const idempotencyHeader = "idempotency-key";

export const repeatKeyForm = /^[A-Za-z0-9_.:-]{8,128}$/;

/** True for what may be sent with a key: what changes something and answers JSON, by a credential. */
export function isRepeatable({ method, action, response }: Route): boolean {
  return method === "POST" && action !== "public" && typeof response === "object";
}

/** Throws INVALID_INPUT. */
export function repeatKeyOf(route: Route, header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (!isRepeatable(route)) {
    throw new AppError("INVALID_INPUT", "This route takes no Idempotency-Key.", {
      hint: "docs/api.md says which do. Asking again does no harm where nothing is changed.",
    });
  }
  if (repeatKeyForm.test(header)) return header;
  throw new AppError("INVALID_INPUT", "The Idempotency-Key must be 8 to 128 letters, digits, `_`, `.`, `:` or `-`.");
}

/** `process` names this run of the server. */
export function repeats(answers: Answers, process: string): Repeats {
  /** Under way in this process; resolves when it has ended, well or not. */
  const running = new Map<string, Promise<void>>();

  const begin = async (asked: Asked, work: () => Promise<unknown>): Promise<unknown> => {
    try {
      const answer = await work();
      await answers.keep(asked, { body: await asked.body.hash(), answer: JSON.stringify(answer) ?? "null" });
      return answer;
    } catch (error) {
      await answers.forget(asked).catch(() => undefined);
      throw error;
    }
  };

  const once: Repeats["once"] = async (asked, work, replayed) => {
    const name = `${asked.credential} ${asked.key}`;
    // Whoever has waited looks again: the first may have failed, and then this one is the first.
    for (let first = running.get(name); first !== undefined; first = running.get(name)) await first;
    const { promise, resolve } = Promise.withResolvers<void>();
    running.set(name, promise);
    try {
      const kept = await answers.begin(asked, { request: asked.request, process });
      if (kept === undefined) return await begin(asked, work);
      if (kept.request !== asked.request) throw otherRequest();
      if (kept.answer === null) throw lost();
      if (kept.body !== (await asked.body.hash())) throw otherRequest();
      replayed();
      return JSON.parse(kept.answer) as unknown;
    } finally {
      running.delete(name);
      resolve();
    }
  };
  return { once };
}

export function hashOf(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** The body as a use case takes it; what is read of a stream is counted in. */
export function repeatBody(value: unknown): RepeatBody {
  if (typeof value !== "object" || value === null || !(Symbol.asyncIterator in value)) {
    return { value, hash: async () => hashOf(JSON.stringify(value) ?? "") };
  }
  const hash = createHash("sha256");
  const source = value as AsyncIterable<Uint8Array>;
  const counted = (async function* count() {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  })();
  let done: string | undefined;
  return {
    value: counted,
    async hash() {
      if (done === undefined) {
        // What nobody has read yet.
        for await (const _ of counted);
        done = hash.digest("hex");
      }
      return done;
    },
  };
}

function otherRequest(): AppError {
  return new AppError("CONFLICT", "Another request was sent with this Idempotency-Key.", {
    hint: "A new request needs a new key.",
  });
}

function lost(): AppError {
  return new AppError("CONFLICT", "The server was ended while it did this; whether it was done is not known.", {
    hint: "Look at the present state, and send a new request with a new key.",
  });
}
