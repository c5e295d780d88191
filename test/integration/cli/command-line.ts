/** The real CLI as a child process, against the real HTTP server over a platform in memory. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ExecResult } from "#core/plugin.ts";
import { serve } from "#server/serve.ts";
import { memoryPlatform, memoryServerOptions } from "#server/testing.ts";
import type { UseCases } from "#server/use-cases.ts";
import { exec } from "#sys/exec.ts";

export const hop3 = join(import.meta.dirname, "../../../cmd/hop3.ts");

export type Ran = ExecResult & { /** The `--json` envelope. */ readonly envelope: () => Envelope };
export type Envelope = {
  readonly status: "ok" | "error";
  readonly data: Record<string, unknown>;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly suggestion: string;
    readonly exit_code: number;
  };
  readonly meta: { readonly app: string | null; readonly server: string | null; readonly timestamp: string };
};

export type RunOptions = { readonly cwd?: string; readonly env?: Record<string, string>; readonly input?: string };

/** `change` replaces use cases, made from the ones that it is given. */
export async function commandLine(
  context: TestContext,
  change: (useCases: UseCases) => Partial<UseCases> = () => ({}),
) {
  const platform = memoryPlatform();
  platform.apps.set("blog", { env: { TOKEN: "canary-secret" }, domains: [], scale: 1, stopped: false, release: 1 });
  const options = memoryServerOptions(platform);
  const useCases = { ...platform.useCases, ...change(platform.useCases) };
  const serving = await serve({ ...options, useCases, host: "127.0.0.1", port: 0, heartbeatMs: 50 });
  const home = mkdtempSync(join(tmpdir(), "hop3-cli-"));
  context.after(async () => {
    await serving.close(0);
    rmSync(home, { recursive: true, force: true });
  });
  const url = `http://localhost:${serving.port}`;
  /** Nothing but what a bare shell has: no server, no token. */
  const bare = { PATH: process.env["PATH"] ?? "", HOME: home, LANG: "C.UTF-8", TZ: "UTC" };
  const loggedIn = { ...bare, HOP3_API_URL: url, HOP3_API_TOKEN: "admin-token" };
  const run = async (line: readonly string[], { cwd = home, env = loggedIn, input }: RunOptions = {}): Promise<Ran> => {
    const result = await exec([process.execPath, hop3, ...line], {
      cwd,
      env,
      timeoutMs: 20_000,
      ...(input === undefined ? {} : { input }),
    });
    return { ...result, envelope: () => JSON.parse(result.stdout) as Envelope };
  };
  return { platform, options, serving, home, url, bare, loggedIn, run };
}
