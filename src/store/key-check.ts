/** Tells whether the master key is the one that this database's secrets were sealed with, before one is needed. */
import { AppError } from "#core/errors.ts";
import { seal, unseal, type MasterKey } from "#core/sealed.ts";
import { transaction, type Db } from "./db.ts";
import { getSetting, setSetting } from "./settings.ts";

const setting = "master-key-check";

/** The first key that comes is remembered. Throws MASTER_KEY_REFUSED when another one comes later. */
export async function checkMasterKey(db: Db, key: MasterKey): Promise<void> {
  await transaction(db, async (tx) => {
    const sealed = await getSetting(tx, setting);
    if (sealed === undefined) return setSetting(tx, setting, seal(key, setting, "hop3"));
    try {
      unseal(key, setting, sealed);
    } catch (cause) {
      throw new AppError(
        "MASTER_KEY_REFUSED",
        "The master key is not the one that this database's secrets were sealed with.",
        {
          cause,
        },
      );
    }
  });
}
