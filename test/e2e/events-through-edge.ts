/** A reader of server-sent events through the edge. */
import { type EdgeTarget, answerOf, dialEdge, standardTimeoutMs } from "./http-through-edge.ts";
import { createInbox } from "./inbox.ts";

export type ServerEvent = { readonly event: string; readonly data: string };

export type EventReader = {
  /** The next event; comments are passed over. Rejects after `timeoutMs`, or when the stream has ended. */
  next(timeoutMs?: number): Promise<ServerEvent>;
  close(): void;
};

/** Resolves when the stream has begun. Rejects when the answer is no event stream, or there is none within `timeoutMs`. */
export async function openEvents(
  target: EdgeTarget,
  path: string,
  timeoutMs = standardTimeoutMs,
): Promise<EventReader> {
  const inbox = createInbox<ServerEvent>("event");
  const closing = new AbortController();
  const deadline = setTimeout(
    () => closing.abort(new Error(`${path} was not answered within ${timeoutMs} ms.`)),
    timeoutMs,
  );
  const outgoing = dialEdge(target, path, {
    method: "GET",
    headers: { accept: "text/event-stream" },
    signal: closing.signal,
  });
  outgoing.end();
  const response = await answerOf(outgoing)
    .catch((error: unknown) => {
      throw closing.signal.aborted ? closing.signal.reason : error;
    })
    .finally(() => clearTimeout(deadline));
  const type = response.headers["content-type"] ?? "";
  if (response.statusCode !== 200 || !type.startsWith("text/event-stream")) {
    outgoing.destroy();
    throw new Error(`${path} answered ${response.statusCode} ${type}, which is no event stream.`);
  }
  response.setEncoding("utf8");
  const parse = eventParser(inbox.push);
  response.on("data", parse);
  response.on("close", () => inbox.end(new Error("The event stream has ended.")));
  response.on("error", (error) => inbox.end(error));
  return {
    next: (waitMs = standardTimeoutMs) => inbox.next(waitMs),
    close: () => outgoing.destroy(),
  };
}

/** Takes text in any portions and hands over each complete event. */
export function eventParser(onEvent: (event: ServerEvent) => void): (text: string) => void {
  let rest = "";
  let event = "message";
  let data: string[] = [];
  return (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const raw of lines) {
      const line = raw.replace(/\r$/, "");
      const [, field = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
      if (line === "") {
        if (data.length > 0) onEvent({ event, data: data.join("\n") });
        event = "message";
        data = [];
      } else if (field === "event") event = value;
      else if (field === "data") data.push(value);
    }
  };
}
