/**
 * A dokku server: /home/dokku with a directory an app, which is its bare repository with ENV, VHOST, DOKKU_SCALE and
 * nginx.conf.d in it; or one such directory. What newer versions keep below /var/lib/dokku/config (ENV from 0.38 on, scale
 * and other properties a file each, as PLUGIN/APP/PROPERTY) is the second tree, where there is one.
 */
import { readAssignments } from "./assignments.ts";
import { Draft } from "./draft.ts";
import type { ImportedApp, ImportTree } from "./plan.ts";
import { below, readFile } from "./read-file.ts";
import { readScale } from "./scale-lines.ts";
import { takeVariables, type Knob } from "./take-variables.ts";

export function isDokkuApp(tree: ImportTree, path: string): boolean {
  const is = (name: string, kind: "file" | "folder"): boolean => tree.kind(below(path, name)) === kind;
  const isRepository = is("HEAD", "file") && is("refs", "folder");
  return is("ENV", "file") ? isRepository || is("VHOST", "file") || is("DOKKU_SCALE", "file") : isRepository;
}

export function isDokkuHome(tree: ImportTree): boolean {
  return (
    appsOf(tree).length > 0 &&
    ["VHOST", "HOSTNAME", "VERSION", ".dokkurc", "ENV"].some((name) => tree.kind(name) !== undefined)
  );
}

/** Names of the folders that are apps. */
export function appsOf(tree: ImportTree): string[] {
  return tree
    .list(".")
    .filter((name) => !name.startsWith(".") && tree.kind(name) === "folder" && isDokkuApp(tree, name));
}

/** `path` is the app's in `tree`, `name` its name; `config` is /var/lib/dokku/config. */
export function planDokku(tree: ImportTree, path: string, name: string, config: ImportTree | undefined): ImportedApp {
  const draft = new Draft(name);
  // Newer ones keep the old file, out of date, when it says something else.
  const newer = config === undefined ? undefined : readFile(config, `config/${name}/ENV`, draft);
  const env = newer ?? readFile(tree, below(path, "ENV"), draft);
  if (env !== undefined) takeVariables(draft, "ENV", readAssignments(env, dialectOf(env)), knob);
  const domains = readFile(tree, below(path, "VHOST"), draft);
  for (const domain of (domains ?? "").split(/\s+/)) draft.domain(domain);
  const scale =
    (config === undefined ? undefined : readFile(config, `ps/${name}/scale`, draft)) ??
    readFile(tree, below(path, "DOKKU_SCALE"), draft);
  if (scale !== undefined) readScale(draft, scale);
  for (const file of tree.list(below(path, "nginx.conf.d"))) {
    // What dokku's own plugins write there is of its edge.
    if (file.endsWith(".conf"))
      draft.leave(below("nginx.conf.d", file), "settings of nginx mean nothing to Hop3's edge");
  }
  if (tree.kind(below(path, "tls")) === "folder") {
    draft.leave("tls", "Hop3 gets certificates by itself");
  }
  for (const file of ["DOCKER_OPTIONS_BUILD", "DOCKER_OPTIONS_DEPLOY", "DOCKER_OPTIONS_RUN"]) {
    const options = tree.read(below(path, file));
    if (options !== undefined && options.trim() !== "") {
      draft.leave(file, "there are no containers; what is mounted there is a `[[volumes]]` of hop3.toml");
    }
  }
  if (tree.kind(below(path, "HEAD")) === "file") draft.code("repository", path);
  return draft.done();
}

/** Up to 0.12 or so `export NAME='value'` by a shell's rules, since then a dotenv file in double quotes. */
function dialectOf(text: string): "shell" | "dotenv" {
  return /^export /m.test(text) ? "shell" : "dotenv";
}

const knob: Knob = (name, value) => {
  if (name === "GIT_REV") return { left: "it names the commit that dokku had deployed" };
  if (name === "DOKKU_PROXY_PORT_MAP" || name === "DOKKU_PROXY_PORT" || name === "DOKKU_PROXY_SSL_PORT") {
    return { left: `the edge serves on the server's own ports${foreignPorts(value)}` };
  }
  if (name === "DOKKU_LETSENCRYPT_EMAIL") return { left: "HOP3_ACME_EMAIL of the server is for all apps" };
  if (name === "NO_VHOST") return { left: "every app has a domain" };
  if (/^DOKKU_|^BUILDPACK_URL$/.test(name)) return { left: "it is dokku's own" };
  return undefined;
};

/** Ports of the map that are no ordinary web ports: they are what somebody might miss. */
function foreignPorts(value: string): string {
  const ports = [...value.matchAll(/\b(?:https?|tcp|udp):([0-9]{1,5}):/g)].map(([, port]) => port ?? "");
  const foreign = ports.filter((port) => port !== "80" && port !== "443").slice(0, 5);
  return foreign.length === 0 ? "" : `, and not on ${foreign.join(", ")}`;
}
