import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { userName } from "../app-users.ts";
import { replaceFile } from "../atomic-file.ts";

/**
 * Writes the `passwd` and `group` that an app sees inside its walls: itself, the group of all apps, and what programs ask for
 * by habit, for the host's would name all other apps. Answers with their directory, which is `directory/uid`.
 */
export function writeAppNames(
  directory: string,
  { uid, apps, home }: { readonly uid: number; readonly apps: number; readonly home: string },
): string {
  const own = join(directory, String(uid));
  mkdirSync(own, { recursive: true, mode: 0o755 });
  const name = userName(uid);
  // A colon would begin another field; no layout of ours has one, and a root with one is no reason to lie.
  const seen = /[:\n]/.test(home) ? "/" : home;
  const users = [
    "root:x:0:0::/:/usr/sbin/nologin",
    `${name}:x:${uid}:${uid}::${seen}:/bin/sh`,
    "nobody:x:65534:65534::/:/usr/sbin/nologin",
  ];
  const groups = ["root:x:0:", "tty:x:5:", `${name}:x:${uid}:`, `hop3-apps:x:${apps}:${name}`, "nogroup:x:65534:"];
  for (const [file, lines] of [
    ["passwd", users],
    ["group", groups],
  ] as const) {
    replaceFile(join(own, file), `${lines.join("\n")}\n`);
    // Whatever mask the supervisor was started with.
    chmodSync(join(own, file), 0o644);
  }
  return own;
}
