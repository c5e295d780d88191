/**
 * The short directory for sockets. A unix socket path may have 107 bytes, so it cannot live under HOP3_ROOT, which may be
 * long; it is named by a hash of the root, so that two roots do not meet.
 */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import { socketPathMax } from "#core/layout.ts";

/** Longest path that we put below the run directory: `/i/<id>/s.sock` and its likes. */
const belowMax = 40;

export type RunDirChoice = {
  /** Absolute path of HOP3_ROOT. */
  readonly root: string;
  readonly uid: number;
  /** `$XDG_RUNTIME_DIR`, when set. */
  readonly xdgRuntimeDir?: string | undefined;
  /** The temporary directory. */
  readonly temporary: string;
};

/** The path, without making it: `/run/hop3/<id>` for root, else below XDG_RUNTIME_DIR, else below the temporary directory. */
export function runDirFor({ root, uid, xdgRuntimeDir, temporary }: RunDirChoice): string {
  const id = createHash("sha256").update(root).digest("hex").slice(0, 8);
  const base = uid === 0 ? "/run/hop3" : xdgRuntimeDir ? `${xdgRuntimeDir}/hop3` : `${temporary}/hop3-${uid}`;
  return `${base}/${id}`;
}

/** Makes the directory and its parent 0700 and checks that they are ours: under /tmp somebody may have made them before us. */
export function makeRunDir(path: string, uid: number): void {
  if (Buffer.byteLength(path) + belowMax > socketPathMax) {
    throw new AppError(
      "INVALID_INPUT",
      `The run directory ${path} is too long: a socket path may have ${socketPathMax} bytes.`,
      {
        hint: "Set HOP3_RUN_DIR to a shorter directory.",
      },
    );
  }
  for (const dir of [path.slice(0, path.lastIndexOf("/")), path]) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const stat = lstatSync(dir);
    if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o022) !== 0) {
      throw new AppError("CONFLICT", `The run directory ${dir} is not a directory that belongs to you alone.`, {
        hint: "Set HOP3_RUN_DIR to a directory of your own.",
      });
    }
  }
}
