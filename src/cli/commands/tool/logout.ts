import { AppError } from "#core/errors.ts";
import { saveServer, serversFile } from "../../context-file.ts";
import { defineCommand } from "../../define-command.ts";

export const logout = defineCommand({
  path: ["logout"],
  aliases: [["auth", "logout"]],
  category: "Server",
  summary: "End the session on the server, and forget it here",
  about: ["A token that was registered with `hop3 login` is revoked, wherever else it may be in use."],
  examples: ["hop3 logout", "hop3 logout --server prod"],
  positionals: [],
  flags: [],
  seeAlso: ["login"],
  async run(context) {
    const { terminal } = context;
    const { server, call } = await context.api();
    if ((terminal.env["HOP3_API_TOKEN"] ?? "") !== "") {
      throw new AppError("USAGE", "The token is in HOP3_API_TOKEN, where it cannot be forgotten.", {
        hint: "Unset it; `hop3 token revoke` revokes a token.",
      });
    }
    const forget = () =>
      saveServer(serversFile(terminal.env, terminal.home), server.name, { url: server.url, token: null });
    try {
      const { ended } = await call("logOut", {});
      await forget();
      return { data: { server: server.name, ended }, summary: `[${server.name}] logged out.` };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "UNAUTHENTICATED") throw error;
      // It had ended before; what is left of it here is of no use.
      await forget();
      return { data: { server: server.name, ended: null }, summary: `[${server.name}] the login had ended already.` };
    }
  },
});
