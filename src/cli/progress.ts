/** What a person sees while something takes its time, on stderr: a spinner on a terminal, elsewhere a line when it is over. */
import type { Output } from "./terminal.ts";
import { printable } from "#core/printable.ts";

export type Progress = {
  /** Says what is going on now, on a terminal only; replaces what was said before. */
  step(text: string): void;
  /** The step is over; its line stays, with a mark. */
  done(text: string): void;
  failed(text: string): void;
  /** A line that stays, for example of a build's output. */
  line(text: string): void;
  /** Takes the spinner away. */
  stop(): void;
};

export type ProgressOptions = {
  readonly stderr: Output;
  readonly quiet: boolean;
  /** Set and not empty: no colour (no-color.org). */
  readonly noColor: boolean;
};

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const frameMs = 100;

export function createProgress({ stderr, quiet, noColor }: ProgressOptions): Progress {
  if (quiet) {
    const nothing = () => undefined;
    return { step: nothing, done: nothing, failed: nothing, line: nothing, stop: nothing };
  }
  const mark = (sign: string, color: number) => (noColor ? sign : `\u001b[${color}m${sign}\u001b[0m`);
  if (stderr.isTTY !== true) {
    const line = (text: string) => void stderr.write(`${printable(text)}\n`);
    const nothing = () => undefined;
    return { step: nothing, line, stop: nothing, done: line, failed: (text) => line(`failed: ${text}`) };
  }

  let current: string | undefined;
  let frame = 0;
  let timer: NodeJS.Timeout | undefined;
  const clear = () => void stderr.write("\r\u001b[2K");
  const draw = () => {
    if (current === undefined) return;
    const width = (stderr.columns || 80) - 3;
    stderr.write(`\r\u001b[2K${mark(frames[frame++ % frames.length] ?? "", 36)} ${current.slice(0, width)}`);
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    if (current !== undefined) clear();
    current = undefined;
  };
  const line = (text: string) => {
    if (current !== undefined) clear();
    stderr.write(`${printable(text)}\n`);
    draw();
  };
  const end = (sign: string, color: number) => (text: string) => {
    stop();
    stderr.write(`${mark(sign, color)} ${printable(text)}\n`);
  };
  return {
    step: (text) => {
      current = printable(text);
      timer ??= setInterval(draw, frameMs).unref();
      draw();
    },
    line,
    stop,
    done: end("✓", 32),
    failed: end("✗", 31),
  };
}
