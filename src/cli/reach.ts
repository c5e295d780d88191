/** How a registered server is reached: through ssh, or with an authority of its own. */
import { readFileSync } from "node:fs";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import type { Reach } from "./client.ts";
import type { KnownServer } from "./context-file.ts";
import type { Terminal } from "./terminal.ts";

/** Throws INVALID_CONFIG for an authority's file that cannot be read. */
export async function reachOf(server: Omit<KnownServer, "token">, terminal: Terminal): Promise<Reach> {
  if (server.url.startsWith("ssh://")) {
    const { dialBySsh } = await import("./ssh/tunnel.ts");
    return { dial: dialBySsh(server, terminal) };
  }
  if (server.sslCert === undefined) return {};
  try {
    return { ca: readFileSync(server.sslCert, "utf8") };
  } catch (cause) {
    throw new AppError("INVALID_CONFIG", `The authority's file ${quote(server.sslCert)} cannot be read.`, {
      hint: "`hop3 server add` with --ssl-cert names another.",
      cause,
    });
  }
}
