/** The supervisor as a process, with Caddy and hop3d as its services. Imports no npm package. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startSupervisor, type SupervisorOptions } from "#supervisor/daemon.ts";
import { makeRunDir } from "#sys/run-dir.ts";
import { pinnedTools } from "#sys/tools.ts";
import { ownProcess } from "#cmd/wire/own-process.ts";
import { compileCache, readServerSettings, serverEnvironment, toolEnvironment } from "#cmd/wire/settings.ts";
import { version } from "#cmd/wire/version.ts";

/** `hop3d` is the path of its entry file. */
export async function runSupervisor(
  options: { readonly hop3d: string } & Pick<SupervisorOptions, "timing">,
): Promise<void> {
  process.umask(0o077);
  const uid = process.getuid?.() ?? 0;
  const settings = readServerSettings(process.env, uid);
  const { layout } = settings;
  mkdirSync(layout.root, { recursive: true, mode: 0o755 });
  makeRunDir(layout.run, uid);
  if (!existsSync(layout.edgeDocument))
    throw new Error(`${layout.edgeDocument} is missing: it is made by the start of the server`);

  const supervisor = await startSupervisor({
    layout,
    mode: "user",
    version,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
    masterKey: () => readFileSync(layout.masterKey),
    session: ownProcess(fileURLToPath(new URL("../session.ts", import.meta.url)), compileCache(process.env)),
    services: [
      {
        name: "caddy",
        argv: [pinnedTools().caddy, "run", "--config", layout.edgeDocument],
        env: { HOME: layout.edge, PATH: "/usr/bin:/bin" },
      },
      {
        name: "hop3d",
        ...ownProcess(options.hop3d, { ...toolEnvironment(process.env), ...serverEnvironment(settings) }),
      },
    ],
  });
  const stop = async () => {
    await supervisor.stop();
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
  process.once("SIGINT", () => void stop());
}
