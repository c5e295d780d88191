/** The supervisor as a process, with Caddy and hop3d as its services. Imports no npm package. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "#core/errors.ts";
import { startSupervisor, type SupervisorOptions } from "#supervisor/daemon.ts";
import { closeInherited } from "#supervisor/walls/inherited.ts";
import { makeRunDir } from "#sys/run-dir.ts";
import { pinnedTools } from "#sys/tools.ts";
import { ownProcess } from "#cmd/wire/own-process.ts";
import {
  compileCache,
  readServerSettings,
  serverEnvironment,
  toolEnvironment,
  type ServerSettings,
} from "#cmd/wire/settings.ts";
import { checkAcmeRoot } from "#cmd/wire/https-settings.ts";
import { readOidcSecret } from "#cmd/wire/oidc-settings.ts";
import { prepareSystem, systemMode } from "#cmd/wire/system-mode.ts";
import { withServerFile } from "#cmd/wire/server-env.ts";
import { version } from "#cmd/wire/version.ts";

type Options = { readonly hop3d: string } & Pick<SupervisorOptions, "timing">;

/** `hop3d` is the path of its entry file. Ends the process when it cannot start, and says why. */
export async function runSupervisor(options: Options): Promise<void> {
  closeInherited();
  try {
    await serve(options);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    process.stderr.write(`The supervisor does not start: ${error.message}\n  ${error.hint}\n`);
    process.exit(1);
  }
}

async function serve(options: Options): Promise<void> {
  const uid = process.getuid?.() ?? 0;
  const env = withServerFile(process.env);
  const settings = readServerSettings(env, uid);
  const { layout } = settings;
  checkAcmeRoot(settings.https, settings.mode);
  if (settings.oidc !== undefined) readOidcSecret(settings.oidc);
  const isSystem = settings.mode === "system";
  // In system mode others read what we write, where a directory's group lets them.
  process.umask(isSystem ? 0o027 : 0o077);
  mkdirSync(layout.root, { recursive: true, mode: 0o755 });
  makeRunDir(layout.run, uid);
  const own = isSystem
    ? systemMode(settings, await prepareSystem(settings), options.hop3d, env)
    : userMode(settings, options.hop3d);
  if (!existsSync(layout.edgeDocument))
    throw new Error(`${layout.edgeDocument} is missing: it is made by the start of the server`);

  const supervisor = await startSupervisor({
    layout,
    version,
    ...(options.timing === undefined ? {} : { timing: options.timing }),
    ...own,
  });
  const stop = async () => {
    await supervisor.stop();
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
  process.once("SIGINT", () => void stop());
  // Makes room for the next supervisor, which takes over all that runs: nothing of ours has to be ended for it.
  process.once("SIGUSR2", () => process.exit(0));
}

function userMode(
  settings: ServerSettings,
  hop3d: string,
): Pick<SupervisorOptions, "mode" | "masterKey" | "session" | "services"> {
  const { layout } = settings;
  return {
    mode: "user",
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
        ...ownProcess(hop3d, { ...toolEnvironment(process.env), ...serverEnvironment(settings) }),
      },
    ],
  };
}
