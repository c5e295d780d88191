/** Finds the Python that a plan asks for among those on the host. None is ever downloaded. */
import { dirname } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { BuildPlan, PluginContext, Provisioned } from "#core/plugin.ts";

/** Where every user can run an interpreter; a Python in somebody's home is not for apps. */
const directories = ["/usr/local/bin", "/usr/bin", "/bin"];

/** Nothing of a project or its configuration, wherever this process was started. */
const flags = ["--no-project", "--no-config", "--system", "--no-cache"];

/** Throws RUNTIME_MISSING. */
export async function provisionPython(plan: BuildPlan, ctx: PluginContext): Promise<Provisioned> {
  const range = plan.runtimes.find(({ name }) => name === "python")?.range ?? "*";
  if (range === "*") return { runtimes: { python: ctx.tools.python } };
  const result = await ctx.exec([ctx.tools.uv, "python", "find", ...flags, range], {
    timeoutMs: 60_000,
    cwd: "/",
    env: {
      UV_PYTHON_DOWNLOADS: "never",
      UV_PYTHON_PREFERENCE: "only-system",
      PATH: [dirname(ctx.tools.python), ...directories].join(":"),
    },
  });
  const python = result.stdout.trim();
  if (result.exitCode === 0 && python.startsWith("/")) return { runtimes: { python } };
  throw new AppError("RUNTIME_MISSING", `The server has no Python in the range ${quote(range)}.`, {
    hint: "Install that Python on the server (for example `apt install python3.12`), or widen the range.",
    details: result.stderr.trim().split("\n").slice(0, 5),
  });
}
