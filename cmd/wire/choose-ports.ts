/** The ports of this start: those that were asked for, or free ones after them, which is said. */
import { AppError } from "#core/errors.ts";
import { freePortFrom } from "#sys/free-port.ts";
import type { ServerSettings } from "#cmd/wire/settings.ts";

export async function choosePorts(wanted: ServerSettings, say: (line: string) => void): Promise<ServerSettings> {
  const apiPort = await choose("API", wanted.apiPort, "127.0.0.1", "HOP3_API_PORT", say);
  const httpPort = await choose("HTTP", wanted.httpPort, "::", "HOP3_HTTP_PORT", say, [apiPort]);
  if (wanted.https === undefined) return { ...wanted, apiPort, httpPort };
  const port = await choose("HTTPS", wanted.https.port, "::", "HOP3_HTTPS_PORT", say, [apiPort, httpPort]);
  return { ...wanted, apiPort, httpPort, https: { ...wanted.https, port } };
}

async function choose(
  what: string,
  port: number,
  host: string,
  variable: string,
  say: (line: string) => void,
  promised: readonly number[] = [],
): Promise<number> {
  const free = await freePortFrom(port, host, promised);
  if (free === undefined) {
    throw new AppError("CONFLICT", `No port for ${what} is free from ${port} to ${port + 99}.`, {
      hint: `Choose another with ${variable}.`,
    });
  }
  if (free !== port) say(`Port ${port} is taken: ${what} uses ${free} instead.`);
  return free;
}
