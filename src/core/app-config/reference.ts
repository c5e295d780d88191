/** docs/config.md, made from the schema: what is written there is what is checked. */
import { z } from "zod";
import { shapeOf } from "./hop3-toml.ts";
import { hop3Toml } from "./schema.ts";
import { keyMeta } from "./schema-key.ts";
import { defaultIgnore } from "./ignore.ts";

/** Markdown of every key of hop3.toml, the Procfile and the ENV file. */
export function configReference(): string {
  const top = Object.entries(hop3Toml.shape);
  const sections = top.filter(([, type]) => keyMeta(type).notBuilt !== true);
  const later = top.filter(([, type]) => keyMeta(type).notBuilt === true);
  return [
    "# How an app describes itself",
    "",
    "<!-- Made from src/core/app-config/ by the documentation script; do not edit. -->",
    "",
    ...intro,
    "",
    "## hop3.toml",
    "",
    ...tomlIntro,
    "",
    ...sections.flatMap(([name, type]) => section(name, type)),
    "### Not built yet",
    "",
    "Known and refused with `NOT_BUILT_YET`; nothing is read and then ignored.",
    "",
    "| section | for |",
    "| --- | --- |",
    ...later.map(([name, type]) => `| \`${name}\` | ${cell(keyMeta(type).description)} |`),
    "",
    ...procfile,
    "",
    ...envFile,
    "",
    ...environment,
    "",
    "## Left out of every upload",
    "",
    `${defaultIgnore.map((pattern) => `\`${pattern}\``).join(", ")}, and what \`[build] ignore\` names. A pattern without a slash`,
    "matches a name at any depth, one with a slash is anchored at the app's root; `*` stays within a name, `**` crosses folders.",
    "",
  ].join("\n");
}

function section(name: string, type: z.core.$ZodType): readonly string[] {
  const shape = shapeOf(type);
  const lines = [isList(type) ? `### \`[[${name}]]\`` : `### \`[${name}]\``, "", keyMeta(type).description ?? "", ""];
  if (shape === undefined) return lines;
  return [
    ...lines,
    "| key | type | default | meaning |",
    "| --- | --- | --- | --- |",
    ...Object.entries(shape).map(([key, child]) => {
      const meta = keyMeta(child);
      const description = `${meta.notBuilt === true ? "**Not built yet.** " : ""}${cell(meta.description)}`;
      return `| \`${key}\` | ${cell(meta.shown ?? typeName(child))} | ${cell(meta.standard ?? "")} | ${description} |`;
    }),
    "",
  ];
}

function isList(type: z.core.$ZodType): boolean {
  return type instanceof z.ZodOptional ? isList(type.unwrap()) : type instanceof z.ZodArray;
}

function typeName(type: z.core.$ZodType): string {
  if (type instanceof z.ZodOptional) return typeName(type.unwrap());
  if (type instanceof z.ZodEnum) return type.options.map((option) => `\`${option}\``).join(", ");
  if (type instanceof z.ZodArray) return `list of ${typeName(type.element)}s`;
  if (type instanceof z.ZodNumber) return type.format === "safeint" ? "integer" : "number";
  return "string";
}

function cell(text = ""): string {
  return text.replaceAll("|", String.raw`\|`);
}

const intro = [
  "All of it is optional: an app whose files tell its language deploys without any. Where two files say the same,",
  "`hop3.toml` wins over the `Procfile`. Each file is looked for in the app's root and in `hop3/`; both at once is an error.",
];

const tomlIntro = [
  "TOML, at most 256 KiB. An unknown key is an error. A command is a string, run by `/bin/sh -c` in the app's folder, or a",
  "list of strings, joined by `&&`. Directories are relative to the app's folder and cannot leave it.",
];

const procfile = [
  "## Procfile",
  "",
  "One `name: command` a line; `#` starts a comment line. At most 64 KiB.",
  "",
  "| name | meaning |",
  "| --- | --- |",
  "| `web` | Serves HTTP on `127.0.0.1:$PORT` or on the unix socket `$HOP3_SOCKET`. |",
  "| `wsgi`, `asgi` | `module:callable` of a Python app, served by Granian; instead of `web`. |",
  "| `static` | A directory served at `/` by the edge. |",
  "| `prebuild`, `build`, `postbuild` | As `before-build`, `build` and `after-build` of `[build]`. |",
  "| `prerun` | Before every new release starts. |",
  "| `release` | Once a deploy, before the new release takes over. |",
  "| `cron` | `cron: M H D M W command`, as often as there are jobs: a schedule of `[[cron]]`, then its command. They are called `job-1`, `job-2` and so on, in UTC; `[[cron]]` can say more. |",
  "| `preflight`, `jwsgi`, `rwsgi` | **Not built yet.** |",
  "| any other | A daemon, for example `worker`. |",
];

const envFile = [
  "## ENV",
  "",
  "One `NAME=value` a line; `#` starts a comment line. At most 256 KiB. `$NAME` and `${NAME}` stand for other variables, but not",
  "in single quotes; one that has no value ends the deploy. `[env]` of hop3.toml wins over this file.",
];

const environment = [
  "## What a process finds in its environment",
  "",
  "Nothing of the server's own environment. The app's variables, what its language's builder adds (`VIRTUAL_ENV`, `NODE_ENV`), and:",
  "",
  "| variable | value |",
  "| --- | --- |",
  "| `PORT`, `HOP3_SOCKET` | For `web`: a TCP port of 127.0.0.1 and the path of a unix socket; it listens on one of them. |",
  "| `HOST`, `BIND_ADDRESS` | `127.0.0.1`. |",
  "| `PROC_TYPE` | The instance, such as `web.1`; `hook.1` in a `prerun` or `release` command, `cron.NAME` in a cron job. |",
  "| `HOP3_INSTANCE` | A mark that the process and its children keep, by which they are found. |",
  "| `HOP3_DATA_DIR` | The app's own directory: what is in it stays over deploys. |",
  "| `HOME` | A directory of the app's own. |",
  "| `APP`, `HOST_NAME` | The app's name; its domains, with commas between. |",
  "| `LANG`, `TZ`, `PATH` | `C.UTF-8`, `UTC`, and the app's own tools before the system's. |",
  "",
  "The first four rows cannot be overridden, the others can.",
];
