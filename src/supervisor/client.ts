/** The supervisor's socket from the other side, typed by verb. For `hop3d` and whoever else may open it. */
import { connect, type Socket } from "node:net";
import { AppError, type ErrorCode } from "#core/errors.ts";
import { protocolVersion, type Answer, type RefusalCode, type Request, type Verb, type Verbs } from "./protocol.ts";

export type CallOptions = {
  /** Stops waiting for the answer; what was asked for goes on (`job.cancel` ends a job). */
  readonly signal?: AbortSignal;
};

export type SupervisorClient = {
  /**
   * Throws SUPERVISOR_REFUSED when the supervisor will not, NOT_FOUND for what it does not know, CONFLICT for what is not
   * in the state for it, RATE_LIMITED, DISK_FULL, UNAVAILABLE when it cannot be reached or went away meanwhile.
   */
  call<V extends Verb>(verb: V, args: Verbs[V]["args"], options?: CallOptions): Promise<Verbs[V]["result"]>;
  close(): void;
};

/** An answer longer than this is not believed to be one. */
const answerMax = 32 * 1024 * 1024;

const codes: Readonly<Record<RefusalCode, ErrorCode>> = {
  invalid: "SUPERVISOR_REFUSED",
  unknown: "NOT_FOUND",
  conflict: "CONFLICT",
  rate: "RATE_LIMITED",
  full: "DISK_FULL",
  disk: "DISK_LIMIT",
  internal: "SUPERVISOR_REFUSED",
};

type Waiting = { readonly resolve: (result: unknown) => void; readonly reject: (error: unknown) => void };
type Connection = { readonly socket: Socket; readonly waiting: Map<number, Waiting>; readonly ready: Promise<void> };

/** Connects at the first call, and again at the next call after the connection was lost. */
export function connectSupervisor(socketPath: string): SupervisorClient {
  let connection: Connection | undefined;
  let lastId = 0;

  const open = (): Connection => {
    const waiting = new Map<number, Waiting>();
    const socket = connect(socketPath);
    const lost = (cause?: unknown): void => {
      if (connection?.socket === socket) connection = undefined;
      socket.destroy();
      for (const { reject } of waiting.values()) reject(unavailable(cause));
      waiting.clear();
    };
    socket.on("error", lost);
    socket.on("close", () => lost());
    let partial = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      const lines = (partial + chunk).split("\n");
      partial = lines.pop() ?? "";
      if (partial.length > answerMax) return lost();
      try {
        for (const line of lines) settle(waiting, line);
      } catch (error) {
        lost(error); // no answer of ours: whoever speaks there is no supervisor
      }
    });
    const ready = send(socket, waiting, ++lastId, "hello", { protocol: protocolVersion }).then(() => undefined);
    return { socket, waiting, ready };
  };

  return {
    async call<V extends Verb>(
      verb: V,
      args: Verbs[V]["args"],
      { signal }: CallOptions = {},
    ): Promise<Verbs[V]["result"]> {
      if (hasEnded(signal)) throw canceled(verb);
      connection ??= open();
      const { socket, waiting, ready } = connection;
      await ready;
      if (hasEnded(signal)) throw canceled(verb);
      const id = ++lastId;
      const answer = send(socket, waiting, id, verb, args);
      if (signal === undefined) return (await answer) as Verbs[V]["result"];
      const abort = (): void => {
        waiting.get(id)?.reject(canceled(verb));
        waiting.delete(id);
      };
      signal.addEventListener("abort", abort, { once: true });
      try {
        return (await answer) as Verbs[V]["result"];
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
    close: () => {
      connection?.socket.destroy();
      connection = undefined;
    },
  };
}

function send(
  socket: Socket,
  waiting: Map<number, Waiting>,
  id: number,
  verb: string,
  args: unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (socket.destroyed) return reject(unavailable());
    waiting.set(id, { resolve, reject });
    socket.write(`${JSON.stringify({ id, verb, args } satisfies Request)}\n`);
  });
}

function settle(waiting: Map<number, Waiting>, line: string): void {
  const answer = JSON.parse(line) as Answer;
  const found = waiting.get(answer.id);
  waiting.delete(answer.id);
  if (answer.ok) found?.resolve(answer.result);
  else found?.reject(new AppError(codes[answer.error.code] ?? "SUPERVISOR_REFUSED", answer.error.message));
}

function unavailable(cause?: unknown): AppError {
  return new AppError("UNAVAILABLE", "The supervisor does not answer.", {
    hint: "Is it running? It starts with `npm start`.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function canceled(verb: string): AppError {
  return new AppError("CANCELED", `Nobody waits for ${verb} any more.`);
}

/** A call, so that the compiler does not take one look for all. */
function hasEnded(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
