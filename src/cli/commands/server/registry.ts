/** The servers that this person knows; what is done to the host itself stands beside (install, start, uninstall). */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { parseAppName, quote } from "#core/names.ts";
import { parseServerUrl } from "../../client.ts";
import type { CommandContext } from "../../context.ts";
import {
  configDirectory,
  forgetServer,
  readServers,
  saveServer,
  serversFile,
  type KnownServer,
} from "../../context-file.ts";
import { defineCommand } from "../../define-command.ts";
import { facts, table } from "../../render.ts";
import { readChosenServer, writeChosenServer } from "../../state-file.ts";

const fileOf = ({ terminal }: CommandContext) => serversFile(terminal.env, terminal.home);
const configOf = ({ terminal }: CommandContext) => configDirectory(terminal.env, terminal.home);

export const serverList = defineCommand({
  path: ["server", "list"],
  aliases: [["servers"]],
  category: "Server",
  summary: "The servers that are registered here",
  examples: ["hop3 server list", "hop3 servers --json"],
  positionals: [],
  flags: [],
  seeAlso: ["server add", "login", "context list"],
  async run(context) {
    const known = await readServers(fileOf(context));
    const chosen = await readChosenServer(configOf(context));
    const servers = Object.entries(known).map(([name, server]) => ({ ...view(name, server), chosen: name === chosen }));
    if (servers.length === 0) context.progress.line("No servers yet. `hop3 login URL` registers one.");
    const rows = servers.map((one) => [
      one.chosen ? "*" : "",
      one.server,
      one.url,
      one.loggedIn ? "yes" : "no",
      one.protected ? "yes" : "",
      one.defaultApp ?? "",
    ]);
    const headers = ["", "SERVER", "URL", "LOGGED IN", "PROTECTED", "DEFAULT APP"];
    return { data: { servers }, text: servers.length === 0 ? "" : table(headers, rows) };
  },
});

export const serverShow = defineCommand({
  path: ["server", "show"],
  category: "Server",
  summary: "One registered server, without its token",
  examples: ["hop3 server show prod"],
  positionals: [{ name: "name", summary: "Its name", required: true, complete: "server" }],
  flags: [],
  seeAlso: ["server list"],
  async run(context) {
    const { name, server } = await named(context);
    const shown = view(name, server);
    return {
      data: shown,
      text: facts([
        ["server", name],
        ["url", server.url],
        ["logged in", shown.loggedIn ? "yes" : "no"],
        ["protected", shown.protected ? "yes" : "no"],
        ["default app", server.defaultApp],
        ["api port", server.apiPort],
        ["ssh key", server.sshKey],
        ["ssl cert", server.sslCert],
      ]),
    };
  },
});

export const serverAdd = defineCommand({
  path: ["server", "add"],
  category: "Server",
  summary: "Register a server, or change what is known of one; its token is kept",
  about: [
    "`hop3 login` registers one and gets the token for it at once. A protected server asks whoever changes something there once more, and has CONTEXT/APP typed.",
  ],
  examples: [
    "hop3 server add spare https://hop3.example.com",
    "hop3 server add prod https://hop3.example.com --protected --default-app blog",
  ],
  positionals: [
    { name: "name", summary: "How it is called here", required: true },
    { name: "url", summary: "Its address: https://hop3.example.com or ssh://user@host", required: true },
  ],
  flags: [
    { name: "protected", summary: "Ask once more before anything is changed there" },
    { name: "unprotected", summary: "Do not" },
    { name: "default-app", value: "NAME", summary: "The app that is meant where nothing else names one" },
    {
      name: "ssl-cert",
      value: "FILE",
      summary: "PEM of the authority that its certificate is from, where this host does not trust it",
    },
    { name: "ssh-key", value: "FILE", summary: "Private key for an ssh:// address" },
    {
      name: "api-port",
      value: "PORT",
      summary: "Where the API listens on the host of an ssh:// address; 8009 unless given",
    },
  ],
  seeAlso: ["login", "server list", "server remove"],
  async run(context) {
    const name = context.arg("name") ?? "";
    const url = parseServerUrl(context.arg("url") ?? "").href.replace(/\/$/, "");
    const before = await known(context, name);
    const app = context.flag("default-app");
    const isOther = before !== undefined && before.url !== url;
    await saveServer(fileOf(context), name, {
      url,
      // A token goes to no other address than the one it was given for.
      ...(isOther ? { token: null } : {}),
      ...(context.has("protected") ? { protected: true } : {}),
      ...(context.has("unprotected") ? { protected: null } : {}),
      ...(app === undefined ? {} : { defaultApp: parseAppName(app) }),
      ...pathFlag(context, "ssl-cert", "sslCert"),
      ...pathFlag(context, "ssh-key", "sshKey"),
      ...portFlag(context),
    });
    const done = before === undefined ? "registered" : "changed";
    const next = before?.token === undefined || isOther ? ` Log in with \`hop3 login ${url} --server ${name}\`.` : "";
    return { data: { server: name, url }, summary: `[${name}] ${done}: ${url}.${next}` };
  },
});

export const serverRemove = defineCommand({
  path: ["server", "remove"],
  category: "Server",
  summary: "Forget a server and the token for it; the server itself is not touched",
  about: ["The token itself stays valid until it expires or is revoked there."],
  examples: ["hop3 server remove spare --yes"],
  positionals: [{ name: "name", summary: "Its name", required: true, complete: "server" }],
  flags: [],
  seeAlso: ["server list"],
  async run(context) {
    const { name, server } = await named(context);
    await context.confirmYes(`${name} (${server.url}) is forgotten here, with the token for it.`);
    await forgetServer(fileOf(context), name);
    return { data: { server: name }, summary: `[${name}] forgotten.` };
  },
});

export const serverUse = defineCommand({
  path: ["server", "use"],
  category: "Server",
  summary: "Choose among several servers the one that is meant where nothing names one",
  about: ["--server, HOP3_SERVER, a context and a git remote come before it."],
  examples: ["hop3 server use prod", "hop3 server use prod --default-app blog"],
  positionals: [{ name: "name", summary: "Its name", required: true, complete: "server" }],
  flags: [{ name: "default-app", value: "NAME", summary: "And the app that is meant there" }],
  seeAlso: ["server list", "context use"],
  async run(context) {
    const { name } = await named(context);
    const app = context.flag("default-app");
    if (app !== undefined) await saveServer(fileOf(context), name, { defaultApp: parseAppName(app) });
    await writeChosenServer(configOf(context), name);
    return { data: { server: name, defaultApp: app ?? null }, summary: `[${name}] is the server from here on.` };
  },
});

async function known(context: CommandContext, name: string): Promise<KnownServer | undefined> {
  const servers = await readServers(fileOf(context));
  return Object.hasOwn(servers, name) ? servers[name] : undefined;
}

async function named(context: CommandContext): Promise<{ name: string; server: KnownServer }> {
  const name = context.arg("name") ?? "";
  const server = await known(context, name);
  if (server !== undefined) return { name, server };
  const near = didYouMean(name, Object.keys(await readServers(fileOf(context))));
  throw new AppError("NO_SERVER", `There is no server named ${quote(name)}.`, {
    hint: near === undefined ? "`hop3 server list` shows those that are registered." : `Did you mean ${near}?`,
  });
}

function view(name: string, server: KnownServer) {
  return {
    server: name,
    url: server.url,
    loggedIn: server.token !== undefined,
    protected: server.protected === true,
    defaultApp: server.defaultApp ?? null,
  };
}

/** A path of a file that can be read, kept whole. */
function pathFlag(context: CommandContext, flag: string, key: "sslCert" | "sshKey"): { [Key in typeof key]?: string } {
  const value = context.flag(flag);
  if (value === undefined) return {};
  const path = resolve(context.terminal.cwd, value);
  try {
    readFileSync(path);
  } catch (cause) {
    throw new AppError("USAGE", `${quote(value)} cannot be read.`, { hint: "Check the path.", cause });
  }
  return { [key]: path };
}

function portFlag(context: CommandContext): { apiPort?: number } {
  const value = context.flag("api-port");
  if (value === undefined) return {};
  if (!/^[0-9]{1,5}$/.test(value) || Number(value) < 1 || Number(value) > 65_535)
    throw new AppError("USAGE", `${quote(value)} is no port.`, { hint: "A port is a number from 1 to 65535." });
  return { apiPort: Number(value) };
}
