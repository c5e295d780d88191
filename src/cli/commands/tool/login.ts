import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { type Client, createClient, requireSafeUrl } from "../../client.ts";
import { saveServer, serversFile } from "../../context-file.ts";
import type { CommandContext } from "../../context.ts";
import { defineCommand } from "../../define-command.ts";
import { completeLogin, logInWithPassword } from "../../password-login.ts";
import { loginTarget, sshFlags } from "../../login-target.ts";
import { ask, readStdin } from "../../prompt.ts";
import { secretAnswers, secretFlags } from "../../secret-answers.ts";
import { logInByBrowser, logInByDevice } from "../../sso-login.ts";
import { browserFlags } from "../../through-browser.ts";

const tokenMax = 4096;

export const login = defineCommand({
  path: ["login"],
  aliases: [["auth", "login"]],
  category: "Server",
  summary: "Log in to a server: with a user's password, by single sign-on, or with a token",
  about: [
    "With --user the password is asked for, and the authenticator's code where there is one; the session that this opens ends after 7 days without use, and after 30 in any case.",
    "With --sso or --device the server's provider of single sign-on says who it is (docs/sso.md); the code of --device is typed into a browser on any machine.",
    "With --ssh every connection goes through the system's ssh to the loopback of the server's host, and its settings and agent are used. Unless the line says who logs in, a token is made by the `hop3` of that host, for whoever may log in there.",
    "Without these a token is asked for. Passwords, codes and tokens are typed, or read from a file or stdin; never from the command line, where others can see them.",
  ],
  examples: [
    "hop3 login http://127.0.0.1:8009",
    "hop3 login https://hop3.example.com --user ada",
    "pass show hop3-ada | hop3 login https://hop3.example.com --user ada --password-stdin",
    "hop3 login https://hop3.example.com --sso",
    "hop3 login https://hop3.example.com --device",
    "hop3 login https://hop3.example.com --server prod --token-file token.txt",
    "pass show hop3 | hop3 login https://hop3.example.com --token-stdin",
    "hop3 login --ssh ada@hop3.example.com",
  ],
  positionals: [{ name: "url", summary: "Address of the server, such as https://hop3.example.com", required: false }],
  flags: [
    { name: "user", value: "NAME", summary: "Log in as this user, with its password" },
    { name: "sso", summary: "Log in at the server's provider of single sign-on, in a browser on this machine" },
    { name: "device", summary: "The same in a browser anywhere, by a code that is typed there" },
    ...browserFlags,
    ...secretFlags,
    { name: "token-stdin", summary: "Read the token from stdin" },
    { name: "token-file", value: "FILE", summary: "Read the token from a file, - for stdin" },
    ...sshFlags,
  ],
  seeAlso: ["logout", "whoami"],
  async run(context) {
    const { terminal } = context;
    const { name, known, reach, token: made } = await loginTarget(context, saysWho(context));
    const { url } = known;
    // Is it a Hop3 server at all? Asked before a token is shown to it.
    const unknown = createClient({ name, url, token: undefined }, terminal.signal, terminal.version, reach);
    await unknown.call("version", {});
    const token = made ?? (await credential(context, unknown));
    const client = createClient({ name, url, token }, terminal.signal, terminal.version, reach);
    const who = await client.call("whoami", {});
    await saveServer(serversFile(terminal.env, terminal.home), name, { ...known, token });
    return {
      data: { server: name, url, ...who },
      summary: `[${name}] logged in to ${url} as ${who.user} (${who.roles.join(", ")}).`,
    };
  },
});

/** A session of a user, or the token that somebody was given. */
async function credential(context: CommandContext, client: Client): Promise<string> {
  if (context.has("sso") || context.has("device")) return bySso(context, client);
  const user = context.flag("user");
  const withPassword = context.has("password-stdin") || context.has("password-file");
  if (user === undefined && !withPassword) return readToken(context);
  if (user === undefined) throw new AppError("USAGE", "Whose password is it?", { hint: "Name the user with --user." });
  if (context.has("token-stdin") || context.has("token-file")) {
    throw new AppError("USAGE", "A token needs no user.", { hint: "Leave out --user, or the token." });
  }
  requireSafeUrl(client.server.url, "password");
  return logInWithPassword(client, user, await secretAnswers(context));
}

/** Nobody is asked anything at the terminal but a second factor of this server's own. */
async function bySso(context: CommandContext, client: Client): Promise<string> {
  for (const other of ["user", "token-stdin", "token-file"]) {
    if (context.has(other))
      throw new AppError("USAGE", `Single sign-on and --${other} are two ways to log in.`, { hint: "Choose one." });
  }
  requireSafeUrl(client.server.url, "token");
  const step = context.has("device") ? await logInByDevice(context, client) : await logInByBrowser(context, client);
  return completeLogin(client, step, await secretAnswers(context));
}

async function readToken(context: CommandContext): Promise<string> {
  const { terminal } = context;
  const file = context.has("token-stdin") ? "-" : context.flag("token-file");
  let text: string;
  if (file === "-") text = await readStdin(terminal, tokenMax);
  else if (file !== undefined) text = read(resolve(terminal.cwd, file));
  else if (context.mayAsk) text = await ask(terminal, "Token: ", true);
  else throw new AppError("USAGE", "There is no token.", { hint: "Give it with --token-stdin or --token-file." });
  const token = text.trim();
  if (!/^[\x21-\x7e]{8,200}$/.test(token))
    throw new AppError("USAGE", "That is not a token.", { hint: "A token is one word." });
  return token;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new AppError("USAGE", `${quote(path)} cannot be read.`, { hint: "Check the path.", cause });
  }
}

/** Whether the line says how the person is known; else, through ssh, the host makes a token. */
function saysWho(context: CommandContext): boolean {
  const ways = ["user", "sso", "device", "token-stdin", "token-file", "password-stdin", "password-file"];
  return ways.some((flag) => context.has(flag));
}
