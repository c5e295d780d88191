/** The whole terminal for a while: its second screen, single keys, no cursor. Given back however the process ends. */
import type { Terminal } from "./terminal.ts";

export type FullScreen = {
  /** Shows these lines, from the top; what was there before is gone. */
  show(lines: readonly string[]): void;
};

export type Handlers = {
  /** A character, or `Up`, `Down`, `Left`, `Right`, `PgUp`, `PgDn`, `Home`, `End`, `Ctrl-C`; `gone` when nobody can type any more. */
  readonly key: (key: string) => void;
  /** The terminal has another size. */
  readonly resized: () => void;
};

const enter = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const leave = "\u001b[?7h\u001b[?25h\u001b[?1049l";

/** Gives the terminal back before it settles. */
export async function withFullScreen<Result>(
  { stdin, stdout, atExit }: Terminal,
  handlers: Handlers,
  work: (screen: FullScreen) => Promise<Result>,
): Promise<Result> {
  let isOurs = true;
  const giveBack = (): void => {
    if (!isOurs) return;
    isOurs = false;
    stdin.setRawMode?.(false);
    stdout.write(leave);
  };
  const forget = atExit?.(giveBack);
  const read = (chunk: string): void => keysOf(chunk).forEach(handlers.key);
  const gone = (): void => handlers.key("gone");
  stdin.setEncoding("utf8");
  stdin.setRawMode?.(true);
  stdin.on("data", read).on("end", gone).on("error", gone);
  stdout.on?.("resize", handlers.resized);
  stdout.write(enter);
  try {
    return await work({
      // At once and line by line, without clearing first: nothing flickers.
      show: (lines) => void stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\r\n")}\u001b[J`),
    });
  } finally {
    giveBack();
    forget?.();
    stdout.off?.("resize", handlers.resized);
    stdin.off("data", read).off("end", gone).off("error", gone).pause();
  }
}

const named: Readonly<Record<string, string>> = {
  "[A": "Up",
  "[B": "Down",
  "[C": "Right",
  "[D": "Left",
  "[H": "Home",
  "[F": "End",
  "[1~": "Home",
  "[4~": "End",
  "[5~": "PgUp",
  "[6~": "PgDn",
};

/** Pure. Sequences that we do not know are no keys. */
export function keysOf(chunk: string): string[] {
  // oxlint-disable-next-line no-control-regex
  return [...chunk.matchAll(/\u001b(?:[[O][0-9;]*[A-Za-z~])?|[^\u001b]/gu)].flatMap(([text]) => {
    if (text === "\u0003") return ["Ctrl-C"];
    if (text.length === 1) return text === "\u001b" ? [] : [text];
    return named[text.slice(1).replace("O", "[")] ?? [];
  });
}
