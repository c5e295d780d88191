/**
 * The users of apps: each app has one, made with it and removed with it, from a range that is nobody else's. Which user is
 * whose stands in a file of the supervisor's own, for names on the host are short and apps' names are not; a user carries
 * the app's name as a comment. No number is given out again before all others of the range were.
 */
import { existsSync, readFileSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import { replaceFile } from "./atomic-file.ts";
import type { HostTool } from "./host-tool.ts";
import { Refusal } from "./refusal.ts";
import { appNameOf, entries, fields, invalid, whole } from "./shape.ts";

/** Above what distributions give to people and services, below what containers and sub-users take (100000). */
export const appUserRange = { first: 70_000, last: 79_999 };

type Registry = { readonly next: number; readonly apps: ReadonlyMap<string, number> };

const registryVersion = 1;

export type AppUsers = {
  /** The app's user and group number; undefined when it has none. */
  of(app: string): number | undefined;
  /** The apps that have one, or are being given or have lost it. */
  apps(): string[];
  /** Makes the app's user unless it is there. Repeating it after a crash finishes what was begun. */
  make(app: string): Promise<number>;
  /** Removes it; nothing when there is none. Its processes must have ended and its files be gone. */
  remove(app: string): Promise<void>;
};

type Options = {
  readonly file: string;
  readonly tool: HostTool;
  readonly range?: typeof appUserRange;
  /** Stands for `/` in tests; the host's tools know it as `--prefix`. */
  readonly prefix?: string;
  readonly fault?: (point: string) => void;
};

export function openAppUsers(options: Options): AppUsers {
  const { file, tool, range = appUserRange, prefix = "", fault = () => undefined } = options;
  const inPrefix = prefix === "" ? [] : ["--prefix", prefix];
  let registry = readRegistry(file, range);
  // One at a time: they all lock the same file, and do not wait for long.
  let line: Promise<unknown> = Promise.resolve();
  const inLine = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = line.then(work);
    line = done.catch(() => undefined);
    return done;
  };
  const save = (next: Registry): void => {
    const content = { version: registryVersion, next: next.next, apps: Object.fromEntries(next.apps) };
    replaceFile(file, `${JSON.stringify(content, undefined, 1)}\n`, { durable: true });
    registry = next;
  };
  const run = async (name: string, ...args: readonly string[]): Promise<void> => {
    const done = await tool([`/usr/sbin/${name}`, ...inPrefix, ...args]);
    if (done.status === 0) return;
    throw new AppError("INTERNAL", `${name} failed: ${done.stderr.trim().slice(-300)}`);
  };

  return {
    of: (app) => registry.apps.get(app),
    apps: () => [...registry.apps.keys()],
    make: (app) =>
      inLine(async () => {
        const known = registry.apps.get(app);
        const uid = known ?? freeNumber(registry, range, prefix);
        // Noted first: a user that is made and not noted would stay for ever.
        if (known === undefined) {
          save({ next: uid === range.last ? range.first : uid + 1, apps: new Map(registry.apps).set(app, uid) });
        }
        fault("user-noted");
        const name = userName(uid);
        if (idIn(prefix, "group", name) !== uid) await run("groupadd", "--gid", String(uid), name);
        fault("group-made");
        if (idIn(prefix, "passwd", name) === uid) return uid;
        const bounds = ["--key", `SYS_UID_MIN=${range.first}`, "--key", `SYS_UID_MAX=${range.last}`];
        const ids = ["--system", "--uid", String(uid), "--gid", String(uid), "--no-user-group"];
        const rest = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"];
        await run("useradd", ...bounds, ...ids, ...rest, "--comment", `Hop3 app ${app}`, name);
        return uid;
      }),
    remove: (app) =>
      inLine(async () => {
        const uid = registry.apps.get(app);
        if (uid === undefined) return;
        const name = userName(uid);
        if (idIn(prefix, "passwd", name) === uid) await run("userdel", name);
        fault("user-removed");
        // A group that carries only its user's name goes with it on some hosts.
        if (idIn(prefix, "group", name) === uid) await run("groupdel", name);
        fault("group-removed");
        const apps = new Map(registry.apps);
        apps.delete(app);
        save({ ...registry, apps });
      }),
  };
}

export function userName(uid: number): string {
  return `hop3-${uid}`;
}

/** The next number that neither we nor the host has given to anybody. */
function freeNumber({ next, apps }: Registry, range: typeof appUserRange, prefix: string): number {
  const taken = new Set([...apps.values(), ...idsIn(prefix, "passwd").values(), ...idsIn(prefix, "group").values()]);
  const count = range.last - range.first + 1;
  for (let step = 0; step < count; step++) {
    const uid = range.first + ((next - range.first + step) % count);
    if (!taken.has(uid)) return uid;
  }
  throw new Refusal("conflict", `All ${count} users for apps are taken.`);
}

/** Number of the user or group of this name; undefined when there is none. */
function idIn(prefix: string, file: "passwd" | "group", name: string): number | undefined {
  return idsIn(prefix, file).get(name);
}

function idsIn(prefix: string, file: "passwd" | "group"): Map<string, number> {
  const lines = readFileSync(`${prefix}/etc/${file}`, "utf8").split("\n");
  return new Map(lines.map((line) => line.split(":")).map(([name = "", , id]) => [name, Number(id)]));
}

/** Throws when the file is damaged: to guess whose files a number owns would hand one app's to another. */
function readRegistry(file: string, range: typeof appUserRange): Registry {
  if (!existsSync(file)) return { next: range.first, apps: new Map() };
  const found = fields(JSON.parse(readFileSync(file, "utf8")), "The users of apps", ["version", "next", "apps"]);
  if (found["version"] !== registryVersion) throw invalid("The users of apps", "have a version that is not known here");
  const numbers = entries(found["apps"], "The users of apps", 100_000).map(
    ([app, uid]) => [appNameOf(app, "An app"), whole(uid, app, range.first, range.last)] as const,
  );
  if (new Set(numbers.map(([, uid]) => uid)).size < numbers.length)
    throw invalid("The users of apps", "are not distinct");
  return { next: whole(found["next"], "next", range.first, range.last), apps: new Map(numbers) };
}
