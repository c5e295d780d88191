/** To which server a login goes, and how it is reached: an address, or ssh. */
import { resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { parseServerUrl, type Reach } from "./client.ts";
import type { CommandContext } from "./context.ts";
import { readServers, serversFile } from "./context-file.ts";
import type { Flag } from "./define-command.ts";
import { reachOf } from "./reach.ts";
import { destinationUrl, parseDestination } from "./ssh/destination.ts";
import { tokenFromHost } from "./ssh/token-from-host.ts";

export const sshFlags: readonly Flag[] = [
  { name: "ssh", value: "USER@HOST", summary: "Through ssh to the server's host, which needs no other open port" },
  { name: "ssh-key", value: "FILE", summary: "With --ssh: a private key; else what ssh is set up with" },
  {
    name: "api-port",
    value: "PORT",
    summary: "With --ssh: where the API listens on that host; else 8009, or what that host says",
  },
  { name: "remote-hop3", value: "PATH", summary: "With --ssh: hop3 on that host, where it is not on PATH" },
];

export type LoginTarget = {
  readonly name: string;
  /** What is to be kept of it, beside the token. */
  readonly known: { readonly url: string; readonly apiPort?: number; readonly sshKey?: string };
  readonly reach: Reach;
  /** Made on its host, where nothing else says who logs in. */
  readonly token: string | undefined;
};

/** Throws USAGE, and what asking the host throws. `says` is whether the line says who logs in. */
export async function loginTarget(context: CommandContext, says: boolean): Promise<LoginTarget> {
  const { terminal } = context;
  const address = context.arg("url");
  const ssh = context.flag("ssh") ?? (address?.startsWith("ssh://") === true ? address : undefined);
  if (ssh === undefined && address === undefined) {
    throw new AppError("USAGE", "`hop3 login` needs the address of a server.", {
      hint: "For example: hop3 login https://hop3.example.com, or hop3 login --ssh ada@hop3.example.com",
    });
  }
  if (context.has("ssh") && address !== undefined)
    throw new AppError("USAGE", "--ssh and an address are two ways to a server.", { hint: "Choose one." });
  const destination = ssh === undefined ? undefined : parseDestination(ssh);
  const url =
    destination === undefined ? parseServerUrl(address ?? "").href.replace(/\/$/, "") : destinationUrl(destination);
  const name = context.flag("server") ?? nameOf(url);
  const keyFile = context.flag("ssh-key");
  const sshKey = keyFile === undefined ? undefined : resolve(terminal.cwd, keyFile);
  const servers = await readServers(serversFile(terminal.env, terminal.home));
  const before = Object.hasOwn(servers, name) && servers[name]?.url === url ? servers[name] : undefined;
  const key = sshKey ?? before?.sshKey;
  const made =
    destination === undefined || says
      ? undefined
      : await tokenFromHost(destination, { key, hop3: context.flag("remote-hop3") ?? "hop3" }, terminal);
  const apiPort = portOf(context) ?? made?.apiPort ?? before?.apiPort;
  const known = {
    url,
    ...(apiPort === undefined ? {} : { apiPort }),
    ...(key === undefined ? {} : { sshKey: key }),
  };
  return { name, known, reach: await reachOf({ ...before, ...known }, terminal), token: made?.token };
}

function portOf(context: CommandContext): number | undefined {
  const text = context.flag("api-port");
  if (text === undefined) return undefined;
  if (/^[0-9]{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536) return Number(text);
  throw new AppError("USAGE", `${quote(text)} is no port.`, { hint: "--api-port takes a number from 1 to 65535." });
}

/** `hop3.example.com`, or `127.0.0.1-8009` where the port is not the usual one. */
function nameOf(url: string): string {
  const { hostname, port } = new URL(url);
  return [hostname.replaceAll(/[^A-Za-z0-9.-]/g, ""), port].filter((part) => part !== "").join("-");
}
