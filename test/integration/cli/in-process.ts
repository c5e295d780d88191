/** The CLI without a process of its own: `runCli` over streams of the test, as quick as a function. */
import { PassThrough } from "node:stream";
import { runCli } from "#cli/main.ts";
import type { Terminal } from "#cli/terminal.ts";

export type Said = { readonly exit: number; readonly stdout: string; readonly stderr: string };

export type Place = {
  readonly cwd: string;
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  /** At a terminal: what is typed when the screen shows that; else nobody can be asked. */
  readonly types?: readonly (readonly [sees: RegExp, text: string])[];
};

export async function hop3InProcess(line: readonly string[], { cwd, home, env = {}, types }: Place): Promise<Said> {
  const said = { stdout: "", stderr: "" };
  const stdin = new PassThrough();
  const left = [...(types ?? [])];
  let from = 0;
  const output = (name: "stdout" | "stderr") => ({
    write: (text: string | Uint8Array, written?: () => void) => {
      said[name] += String(text);
      const [sees, answer] = left[0] ?? [];
      if (name === "stderr" && sees !== undefined && sees.test(said.stderr.slice(from))) {
        from = said.stderr.length;
        left.shift();
        setImmediate(() => stdin.write(answer));
      }
      written?.();
      return true;
    },
    ...(types === undefined ? {} : { isTTY: true, columns: 100, rows: 1000 }),
  });
  const terminal: Terminal = {
    env: { HOP3_CONFIG_DIR: `${home}/config`, ...env },
    cwd,
    home,
    stdin: types === undefined ? stdin : Object.assign(stdin, { isTTY: true, setRawMode: () => undefined }),
    stdout: output("stdout"),
    stderr: output("stderr"),
    signal: new AbortController().signal,
    version: "1.2.3",
  };
  const exit = await runCli(line, terminal);
  return { exit, ...said };
}
