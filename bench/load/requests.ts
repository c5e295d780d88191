/** Clients of the app in bench/apps/loaded that ask and are answered. */
import { createHash } from "node:crypto";
import { Agent } from "node:http";
import type { EdgeTarget } from "../../test/e2e/http-through-edge.ts";
import { ask } from "./ask.ts";
import { BrokenBody, type Once } from "./loop.ts";
import type { Turns } from "./turns.ts";

/** A keep-alive client; `took` hears of each request when it was due and how long it took from then, in milliseconds. */
export function getting(target: EdgeTarget, turns: Turns, took: (due: number, ms: number) => void): Once {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return async (_, due) => {
    const { body, instance } = await ask(target, "/", { agent });
    took(due, performance.now() - due);
    if (body !== "here\n") throw new BrokenBody(`/ answered ${body.slice(0, 80)}`);
    turns.heard(instance);
  };
}

/** A keep-alive client that posts ids which nobody else posts; `given` hears of each before it is sent. */
export function posting(target: EdgeTarget, prefix: string, given: (id: string) => void): Once {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const pieces = [Buffer.alloc(1000, "x")];
  let next = 0;
  return async () => {
    const id = `${prefix}-${(next += 1)}`;
    given(id);
    const { body } = await ask(target, `/ids?id=${id}`, { method: "POST", agent, body: { pieces, pauseMs: 0 } });
    if (body !== id) throw new BrokenBody(`/ids answered ${body.slice(0, 80)} for ${id}`);
  };
}

/** A line of a thousand bytes every 100 ms, each with its number: what the app says at /slow. */
const slowBody = Array.from({ length: 100 }, (_, line) => `${String(line).padStart(999, ".")}\n`).join("");

/** An answer that takes ten seconds: of a length that is told before, or `chunked`. */
export function readingSlowly(target: EdgeTarget, turns: Turns, chunked: boolean): Once {
  return async () => {
    const { body, instance } = await ask(target, chunked ? "/slow?chunked" : "/slow");
    if (body !== slowBody) throw new BrokenBody(`/slow came otherwise than it was sent: ${body.length} bytes`);
    return turns.hasLeft(instance) ? "answers of 10 s across a switch" : undefined;
  };
}

/** 100 MB, no two pieces alike, with a pause after each of the hundred: in ten seconds unless said. */
export function uploading(target: EdgeTarget, turns: Turns, pauseMs = 100): Once {
  const pieces = Array.from({ length: 100 }, (_, piece) => Buffer.alloc(1_000_000, `piece ${piece}\n`));
  const whole = createHash("sha256");
  for (const piece of pieces) whole.update(piece);
  const wanted = `100000000 ${whole.digest("hex")}`;
  return async () => {
    const { body, instance } = await ask(target, "/upload", { method: "POST", body: { pieces, pauseMs } });
    if (body !== wanted) throw new BrokenBody(`/upload took ${body.slice(0, 100)}, not ${wanted}`);
    return turns.hasLeft(instance) ? "uploads across a switch" : undefined;
  };
}
