/** The master key: 32 random bytes in a file of their own, outside the database that holds what it seals. */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, open, unlink } from "node:fs/promises";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { MasterKey } from "#core/sealed.ts";

const keyLength = 32;

/**
 * Reads the key, or makes it when there is no file. Of two that start at once one makes it and both get the same.
 * Throws MASTER_KEY_REFUSED when the file is a link, has another size or owner, or others may read it.
 */
export async function loadMasterKey(file: string): Promise<MasterKey> {
  return (await readKey(file)) ?? (await createKey(file));
}

async function createKey(file: string): Promise<MasterKey> {
  // Written aside and then linked: nobody ever sees half a key, and link, unlike rename, never replaces a key.
  const aside = `${file}.${randomBytes(8).toString("hex")}`;
  const handle = await open(aside, "wx", 0o600);
  try {
    await handle.writeFile(randomBytes(keyLength));
    await handle.sync();
    await link(aside, file);
  } catch (error) {
    if (!isNodeError(error) || error.code !== "EEXIST") throw error;
  } finally {
    await handle.close();
    await unlink(aside);
  }
  const key = await readKey(file);
  if (key === undefined) throw refused(file, "vanished while it was made");
  return key;
}

async function readKey(file: string): Promise<MasterKey | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (isNodeError(error) && error.code === "ENOENT") return undefined;
      if (isNodeError(error) && error.code === "ELOOP") throw refused(file, "is a link");
      throw refused(file, "cannot be read", error);
    },
  );
  if (handle === undefined) return undefined;
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw refused(file, "is not a regular file");
    if ((facts.mode & 0o077) !== 0) throw refused(file, "is open to other users");
    if (facts.uid !== process.geteuid?.()) throw refused(file, "belongs to another user");
    if (facts.size !== keyLength) throw refused(file, `has ${facts.size} bytes instead of ${keyLength}`);
    return new Uint8Array(await handle.readFile());
  } finally {
    await handle.close();
  }
}

function refused(file: string, why: string, cause?: unknown): AppError {
  return new AppError("MASTER_KEY_REFUSED", `The master key file ${quote(file)} ${why}.`, { cause });
}
