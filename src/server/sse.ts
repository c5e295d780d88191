/**
 * Server-sent events from an async iterable. One event is made for each that the client takes (backpressure), a comment
 * is sent when nothing happened for a while, and a client that goes away ends the iterable through `stop`.
 */
import type { z } from "zod";
import type { Fault } from "#core/api/shared.ts";
import { AppError } from "#core/errors.ts";

export type StreamEvent = { readonly event: string; readonly data: unknown; readonly id?: string };

export type SseOptions = {
  readonly events: Readonly<Record<string, z.ZodType>>;
  /** Milliseconds of silence before a comment is sent, so that proxies keep the connection. */
  readonly heartbeatMs: number;
  /** Aborted when the client is gone, the server closes or, with an AppError that the client is told, it was ended. */
  readonly signal: AbortSignal;
  /** Called once when the client cancels; aborts what feeds the stream. */
  readonly stop: () => void;
  /** Turns what a stream threw into what the client may see, and logs it. */
  readonly fail: (thrown: unknown) => AppError;
};

/** How long an error of the stream may still become a problem document instead of an event. */
const firstEventMs = 300;

const encoder = new TextEncoder();
const idle = Symbol("idle");

/** Rejects when the stream fails before its first event. */
export async function sseResponse(source: AsyncIterable<StreamEvent>, options: SseOptions): Promise<Response> {
  const iterator = source[Symbol.asyncIterator]();
  let pending = iterator.next();
  await within(pending, firstEventMs);

  const ended = () => options.signal.aborted && options.signal.reason instanceof AppError;
  if (ended()) throw options.signal.reason;
  let over = false;
  const endWith = (controller: ReadableStreamDefaultController<Uint8Array>, why: AppError): void => {
    if (over) return;
    over = true;
    const { code, message, hint, details } = why;
    const fault: Fault = { code, message, hint, details: [...details] };
    controller.enqueue(encoder.encode(`event: error\ndata: ${JSON.stringify(fault)}\n\n`));
    controller.close();
  };
  const leave = async (): Promise<void> => {
    over = true;
    pending.catch(() => undefined);
    await iterator.return?.();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // A client that reads nothing asks for nothing: it is told all the same.
      const told = () => ended() && endWith(controller, options.signal.reason as AppError);
      options.signal.addEventListener("abort", told, { once: true });
    },
    async pull(controller) {
      try {
        const next = await within(pending, options.heartbeatMs);
        if (over) return await leave();
        if (next === idle) return controller.enqueue(encoder.encode(":\n\n"));
        if (next.done === true) {
          over = true;
          return controller.close();
        }
        controller.enqueue(encode(next.value, options.events));
        pending = iterator.next();
        // It is awaited at the next pull; until then a rejection is not unhandled.
        pending.catch(() => undefined);
      } catch (thrown) {
        if (!over && options.signal.aborted) controller.close();
        else if (!over) endWith(controller, options.fail(thrown));
        await leave();
      }
    },
    async cancel() {
      options.stop();
      await leave();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" } });
}

function encode({ event, data, id }: StreamEvent, shapes: SseOptions["events"]): Uint8Array {
  const shape = shapes[event];
  if (shape === undefined) throw new AppError("INTERNAL", "A stream made an event that its route does not know.");
  // JSON holds no raw line break, so one data line is enough.
  const lines = [`event: ${event}`, `data: ${JSON.stringify(shape.parse(data))}`];
  if (id !== undefined) lines.unshift(`id: ${id}`);
  return encoder.encode(`${lines.join("\n")}\n\n`);
}

/** What the promise gives, or `idle` when it takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | typeof idle> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      promise,
      new Promise<typeof idle>((resolve) => {
        timer = setTimeout(resolve, ms, idle);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
