/**
 * System mode, put together for the supervisor's process: whose the directories are, who Caddy and `hop3d` run as, and what
 * of the host and of Hop3 itself apps may see.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WholeLimits } from "#core/app-limits.ts";
import { AppError } from "#core/errors.ts";
import type { Layout } from "#core/layout.ts";
import type { MasterKey } from "#core/sealed.ts";
import { readCeilings } from "#supervisor/ceilings.ts";
import { wallClock } from "#supervisor/clock.ts";
import type { SupervisorOptions } from "#supervisor/daemon.ts";
import type { ServiceDefinition } from "#supervisor/services.ts";
import { makeServerFolders, type ServerIds } from "#supervisor/server-folders.ts";
import { openSystem } from "#supervisor/system.ts";
import { pinnedTools } from "#sys/tools.ts";
import { asHop3d } from "./as-hop3d.ts";
import { ownProcess } from "./own-process.ts";
import { configDirectory } from "./server-env.ts";
import { serverEnvironment, toolEnvironment, type ServerSettings } from "./settings.ts";
import { systemIds } from "./system-ids.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Part = Pick<SupervisorOptions, "mode" | "masterKey" | "services" | "session" | "system" | "socketGroup">;

/** Where this Hop3 lies: the directory with `cmd`, `src` and `node_modules`. */
export const code = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Makes the directories and, at a first start, `hop3d`'s records. Throws UNAVAILABLE on a host that is not set up, DENIED
 * for who is not root.
 */
export async function prepareSystem(settings: ServerSettings): Promise<ServerIds> {
  const { layout } = settings;
  refuseOthers();
  const ids = systemIds();
  makeServerFolders(layout, ids);
  if (!existsSync(layout.edgeDocument) || !existsSync(layout.masterKey)) await asHop3d(code, settings, ids);
  return ids;
}

/** Options of a supervisor in system mode; `hop3d` is the path of its entry file. */
export function systemMode(settings: ServerSettings, ids: ServerIds, hop3d: string, env: Environment): Part {
  const { layout } = settings;
  return {
    mode: "system",
    masterKey: () => readKey(layout, ids),
    socketGroup: ids.hop3,
    // Its compile cache would be another user's.
    session: ownProcess(join(code, "cmd/session.ts"), {}),
    services: services(settings, ids, hop3d, env),
    system: (log, ports) =>
      openSystem({
        layout,
        ports,
        // The group of the sockets of apps: `hop3d` probes them, the edge leads requests to them.
        ids: { hop3: ids.hop3, edge: ids.files, files: ids.files, apps: ids.apps },
        ceiling: serverCeilings(env),
        ...(settings.cgroup === undefined ? {} : { cgroup: settings.cgroup }),
        bindVolumes: join(configDirectory(env), "bind-volumes"),
        programs: programs(),
        sessionCode: ["cmd", "src", "node_modules", "package.json"].map((name) => join(code, name)),
        clock: wallClock,
        log,
        fault: () => undefined,
      }),
  };
}

/** Throws INVALID_CONFIG for a file that is not root's alone, or says what is none. */
export function serverCeilings(env: Environment): WholeLimits {
  return readCeilings(join(configDirectory(env), "ceilings.json"));
}

function services(settings: ServerSettings, ids: ServerIds, hop3d: string, env: Environment): ServiceDefinition[] {
  const { layout } = settings;
  const cache = join(layout.hop3dHome, "compile-cache");
  return [
    {
      name: "caddy",
      // Where it really lies: another Hop3 that brings the same Caddy does not restart it.
      argv: [realpathSync(pinnedTools().caddy), "run", "--config", layout.edgeDocument],
      env: { HOME: layout.edgeStorage, PATH: "/usr/bin:/bin" },
      user: { uid: ids.edge, gid: ids.edge, groups: [ids.files], lowPorts: true },
    },
    {
      name: "hop3d",
      ...ownProcess(hop3d, {
        ...toolEnvironment(env),
        ...serverEnvironment(settings),
        HOME: layout.hop3dHome,
        NODE_COMPILE_CACHE: cache,
      }),
      user: { uid: ids.hop3, gid: ids.hop3, groups: [ids.files] },
    },
  ];
}

/** Directories of Hop3's own tools that builds and apps use: Node, npm, uv. */
function programs(): string[] {
  return [...new Set([dirname(dirname(process.execPath)), join(code, ".tools")])];
}

function refuseOthers(): void {
  if (process.getuid?.() === 0) return;
  throw new AppError("DENIED", "System mode has a user for each app, which only root can make.", {
    hint: "Start it with sudo, or use `npm start` for yourself alone.",
  });
}

/** `hop3d` holds the key and may put anything in its place: what is not 32 bytes of its own is not read. */
function readKey({ masterKey }: Layout, { hop3 }: ServerIds): MasterKey {
  const fd = openSync(masterKey, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const facts = fstatSync(fd);
    const key = Buffer.alloc(32);
    if (!facts.isFile() || facts.uid !== hop3 || facts.size !== key.length || readSync(fd, key) !== key.length)
      throw new AppError("MASTER_KEY_REFUSED", `The master key file ${masterKey} is not what hop3d has made.`);
    return key;
  } finally {
    closeSync(fd);
  }
}
