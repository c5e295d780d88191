import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";
import { readStdin } from "../../prompt.ts";

/** git's own question is a few lines. */
const questionMax = 16 * 1024;

export const gitCredential = defineCommand({
  path: ["git", "credential"],
  category: "Tool",
  summary: "Answer git's question for a password with the token of a server",
  about: [
    "`hop3 git setup` has git call it (gitcredentials(7)). The token is told for the server's own address and no other, and nothing is kept.",
  ],
  examples: ["printf 'protocol=https\\nhost=hop3.example.com\\n' | hop3 git credential get"],
  positionals: [{ name: "action", summary: "What git asks for", required: true, values: ["get", "store", "erase"] }],
  flags: [],
  seeAlso: ["git setup"],
  async run(context) {
    const question = await readStdin(context.terminal, questionMax);
    if (context.arg("action") !== "get") return {};
    const asked = new Map(
      question.split("\n").map((line): [string, string] => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
    const { server } = await context.api();
    const { protocol, host } = new URL(server.url);
    if (asked.get("protocol") !== protocol.slice(0, -1) || asked.get("host") !== host) return {};
    if (server.token === undefined) throw new AppError("UNAUTHENTICATED", `There is no token for ${server.name}.`);
    return { text: `username=hop3\npassword=${server.token}` };
  },
});
