/** `state.toml`: what the client was told to keep in mind. So far the server that `hop3 server use` has chosen. */
import { join } from "node:path";
import { changeTomlFile, readTomlFile, tableAt, textAt } from "./toml-file.ts";

const fileOf = (config: string) => join(config, "state.toml");

/** Undefined when none was chosen. Throws INVALID_CONFIG. */
export async function readChosenServer(config: string): Promise<string | undefined> {
  const file = fileOf(config);
  const table = await readTomlFile(file);
  return table === undefined ? undefined : textAt(file, tableAt(file, table, "current"), "server", "the server");
}

export async function writeChosenServer(config: string, server: string): Promise<void> {
  const file = fileOf(config);
  await changeTomlFile(file, (table) => ({ ...table, current: { ...tableAt(file, table, "current"), server } }));
}
