import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError, isNodeError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { parseSshKey } from "#core/ssh-key.ts";
import { defineCommand } from "../../define-command.ts";
import { readStdin } from "../../prompt.ts";

/** The names that ssh looks for, the best first. */
const usual = ["id_ed25519.pub", "id_ecdsa.pub", "id_ed25519_sk.pub", "id_rsa.pub"];
const fileMax = 20_000;

export const keyAdd = defineCommand({
  path: ["key", "add"],
  category: "Tool",
  summary: "Let an SSH key push and fetch as you",
  about: ["The key is public: the file that ends in .pub. It opens git alone, and no shell."],
  examples: ["hop3 key add", "hop3 key add ~/.ssh/work.pub --name work", "hop3 key add - < ~/.ssh/work.pub"],
  positionals: [
    {
      name: "file",
      summary: "The public key, - for stdin; ~/.ssh/id_ed25519.pub or another of the usual names unless said",
      required: false,
    },
  ],
  flags: [{ name: "name", value: "NAME", summary: "What it is for; the key's own comment unless said" }],
  seeAlso: ["key list", "git setup"],
  async run(context) {
    const { terminal } = context;
    const file = context.arg("file");
    const line = file === "-" ? await readStdin(terminal, fileMax) : readKey(terminal.home, terminal.cwd, file);
    // Refused here already: a private key does not leave this machine.
    const { type, blob, comment } = parseSshKey(line);
    const client = await context.api();
    const name = context.flag("name");
    const key = await client.call("addKey", {
      body: { key: `${type} ${blob} ${comment}`.trim(), ...(name === undefined ? {} : { name }) },
    });
    return {
      data: key,
      summary: `[${client.server.name}] added the key ${key.name} (${key.fingerprint}). Next: hop3 git setup --ssh`,
    };
  },
});

function readKey(home: string, cwd: string, file: string | undefined): string {
  const candidates = file === undefined ? usual.map((name) => join(home, ".ssh", name)) : [resolve(cwd, file)];
  for (const path of candidates) {
    try {
      return readFileSync(path, "utf8").slice(0, fileMax);
    } catch (error) {
      if (!isNodeError(error)) throw error;
      if (file !== undefined)
        throw new AppError("USAGE", `${quote(file)} cannot be read (${error.code}).`, {
          hint: "Name the public key, a file that ends in .pub.",
        });
    }
  }
  throw new AppError("USAGE", `There is no public key of a usual name in ${join(home, ".ssh")}.`, {
    hint: "Name the file, or make a key: ssh-keygen -t ed25519",
  });
}
