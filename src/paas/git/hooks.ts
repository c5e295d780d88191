/**
 * The hooks that git runs in a push. They decide nothing: what git tells them goes to hop3d by descriptor 3, which only
 * what hop3d has started has, and what hop3d answers is said to the client, or is their exit status. When hop3d dies they
 * read an end, and refuse.
 *
 *   to hop3d: the hook's name, lines of `OLD NEW REF`, an empty line
 *   from it:  lines of `say TEXT`, then `exit STATUS`
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { AppError } from "#core/errors.ts";
import { writeFileAtomic } from "#sys/atomic-file.ts";
import type { RefChange } from "./judge-push.ts";

const answer = `
while IFS= read -r line <&3; do
  case $line in
    "say "*) printf '%s\\n' "\${line#say }" >&2 ;;
    "exit "*) exit "\${line#exit }" ;;
  esac
done
exit 1
`;

const texts = {
  "pre-receive": `#!/bin/sh\n{ echo pre-receive; cat; echo; } >&3${answer}`,
  update: `#!/bin/sh\nprintf 'update\\n%s %s %s\\n\\n' "$2" "$3" "$1" >&3${answer}`,
} as const;

export type HookName = keyof typeof texts;

/** Writes them anew: they belong to the Hop3 that runs. */
export function writeHooks(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(texts)) writeFileAtomic(join(directory, name), text, 0o700);
}

/** Bytes that one question may have: more changes than are taken anyway. */
const questionMax = 512 * 1024;

export type Ask = {
  readonly hook: HookName;
  readonly changes: readonly RefChange[];
  /** A line for the client; waits for it to be taken. Quiet when nobody is left. */
  readonly say: (line: string) => Promise<void>;
  /** Aborted when git has ended. */
  readonly gone: AbortSignal;
};

/** Answers each hook that asks, one after the other, until git has ended: true lets it go on. Throws what `decide` throws. */
export async function answerHooks(channel: Duplex, decide: (ask: Ask) => Promise<boolean>): Promise<void> {
  const gone = new AbortController();
  channel.once("close", () => gone.abort());
  // The callback comes, too, when nobody can take it any more.
  const write = (line: string): Promise<void> =>
    new Promise((resolve) => void channel.write(`${line}\n`, () => resolve()));
  let text = "";
  for await (const chunk of channel.setEncoding("utf8") as AsyncIterable<string>) {
    text += chunk;
    if (text.length > questionMax) throw new AppError("TOO_LARGE", "The push changes too many branches and tags.");
    const end = text.indexOf("\n\n");
    if (end === -1) continue;
    const [hook = "", ...lines] = text.slice(0, end).split("\n");
    text = text.slice(end + 2);
    if (hook !== "pre-receive" && hook !== "update") throw new TypeError("a hook that is none of ours asks");
    const say = (line: string) => write(`say ${line}`);
    const goesOn = await decide({ hook, changes: lines.map(parseChange), say, gone: gone.signal });
    await write(`exit ${goesOn ? 0 : 1}`);
  }
}

function parseChange(line: string): RefChange {
  const [from = "", to = "", ...ref] = line.split(" ");
  return { from, to, ref: ref.join(" ") };
}
