import { AppError } from "#core/errors.ts";
import { defineCommand } from "../../define-command.ts";

export const appOpen = defineCommand({
  path: ["app", "open"],
  aliases: [["open"]],
  category: "Daily",
  summary: "Open the app's address in your browser, or print it",
  about: [
    "At a terminal with a desktop ($DISPLAY or $WAYLAND_DISPLAY) $BROWSER or `xdg-open` is called; elsewhere, and with --print, the address is printed.",
  ],
  examples: ["hop3 open --print", "hop3 app open --app blog --json"],
  positionals: [],
  flags: [{ name: "print", summary: "Only print it" }],
  seeAlso: ["app ping", "app status"],
  async run(context) {
    const { terminal } = context;
    const { name } = await context.app();
    const { urls } = await (await context.api()).call("showApp", { params: { app: name } });
    // A server that lies must not have this host open a file, or a program take its answer for a flag.
    const url = urls.find((one) => /^https?:\/\/[A-Za-z0-9]/.test(one));
    if (url === undefined) {
      throw new AppError("NOT_FOUND", `${name} has no address.`, { hint: "Only an app with a web process has one." });
    }
    const { env, stdout } = terminal;
    const hasDesktop = Boolean(env["DISPLAY"] ?? env["WAYLAND_DISPLAY"]);
    if (context.has("print") || context.json || stdout.isTTY !== true || !hasDesktop)
      return { data: { app: name, url, opened: false }, text: url };
    const { showBy } = await import("#sys/attached-process.ts");
    const [command = "xdg-open", ...args] = (env["BROWSER"] || "xdg-open").split(/\s+/).filter((word) => word !== "");
    const isOpened = await showBy([command, ...args, url], "", env);
    return isOpened
      ? { data: { app: name, url, opened: true }, summary: `Opened ${url}.` }
      : { data: { url }, text: url };
  },
});
