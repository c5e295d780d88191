/** Reads server-sent events from an answer's body. */
import type { Readable } from "node:stream";

export type ServerEvent = { readonly event: string; readonly data: unknown; readonly id: string | undefined };

/** Longest event that is taken, in characters. */
const eventMax = 1024 * 1024;

/** Ends when the body ends; throws what the body throws. Comments (heartbeats) are passed over. */
export async function* readEvents(body: Readable): AsyncGenerator<ServerEvent> {
  body.setEncoding("utf8");
  let rest = "";
  for await (const chunk of body as AsyncIterable<string>) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    if (rest.length > eventMax) throw new Error("an event is too long");
    for (const block of blocks) {
      const fields = fieldsOf(block);
      if (fields["data"] === undefined) continue;
      yield { event: fields["event"] ?? "message", data: JSON.parse(fields["data"]), id: fields["id"] };
    }
  }
}

function fieldsOf(block: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
  }
  return fields;
}
