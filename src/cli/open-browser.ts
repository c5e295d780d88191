/** Opens a page in the person's browser, where there is one to be seen. */
import { startAndLeave } from "#sys/exec.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The program that would do it: BROWSER, `open` of macOS, `xdg-open` of a desktop. Undefined in a session without a
 * screen. BROWSER is the name of one program, not a line of shell.
 */
export function browserProgram({ env, platform }: Pick<Terminal, "env" | "platform">): string | undefined {
  const named = env["BROWSER"];
  if (named !== undefined && named !== "") return named;
  if (platform === "darwin") return "open";
  const hasScreen = [env["DISPLAY"], env["WAYLAND_DISPLAY"]].some((name) => name !== undefined && name !== "");
  return hasScreen ? "xdg-open" : undefined;
}

/** False when nothing could be started. `url` is http or https, so no program takes it for an option. */
export async function openBrowser(terminal: Pick<Terminal, "env" | "platform">, url: string): Promise<boolean> {
  const program = browserProgram(terminal);
  if (program === undefined) return false;
  const env = Object.entries(terminal.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return startAndLeave([program, url], Object.fromEntries(env) as Record<string, string>);
}
