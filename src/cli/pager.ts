/** Long output at a terminal goes through the person's pager; anywhere else it is just written. */
import { printable } from "#core/printable.ts";
import { wantsColour, withoutColour } from "./colour.ts";
import type { Terminal } from "./terminal.ts";
import { writeOut } from "./write-out.ts";

/** Text of more lines than the screen has, to $PAGER (`less` when that is not set, nothing when it is empty or `cat`). */
export async function page(terminal: Terminal, text: string): Promise<void> {
  const { stdout, stdin, env } = terminal;
  const argv = (env["PAGER"] ?? "less").split(/\s+/).filter((word) => word !== "");
  const [command, ...args] = argv;
  const isLong = text.split("\n").length >= (stdout.rows ?? Number.POSITIVE_INFINITY);
  const isTerminal = stdout.isTTY === true && stdin.isTTY === true && env["TERM"] !== "dumb";
  if (!isLong || !isTerminal || command === undefined || command === "cat") return writeOut(terminal, text);
  const shown = wantsColour(env, stdout) ? printable(text) : withoutColour(printable(text));
  const { showBy } = await import("#sys/attached-process.ts");
  // F: ends when it fits, R: colours, X: leaves it on the screen.
  const isShown = await showBy([command, ...args], shown.endsWith("\n") ? shown : `${shown}\n`, {
    LESS: "FRX",
    ...env,
  });
  if (!isShown) await writeOut(terminal, text);
}
