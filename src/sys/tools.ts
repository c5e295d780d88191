/**
 * Where the pinned tools are that the set-up installs beside the checkout (scripts/setup.js): Caddy, uv, npm.
 * The Node that runs us is the pinned one.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type Tools = {
  readonly caddy: string;
  readonly uv: string;
  readonly python: string;
  readonly node: string;
  /** An npm-cli.js, run by `node`. */
  readonly npm: string;
};

/** Absolute paths; `directory` is the set-up's tool directory. Nothing is checked: what is missing fails when it is used. */
export function pinnedTools(directory = fileURLToPath(new URL("../../.tools", import.meta.url))): Tools {
  return {
    caddy: `${directory}/bin/caddy`,
    uv: `${directory}/bin/uv`,
    python: existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "/usr/local/bin/python3",
    node: process.execPath,
    npm: `${directory}/npm/node_modules/npm/bin/npm-cli.js`,
  };
}
