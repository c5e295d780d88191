/** What lies around a directory and in the person's own files, each read when it is first asked for, and once. */
import { type KnownServers, configDirectory, readServers, serversFile } from "../context-file.ts";
import { readChosenServer } from "../state-file.ts";
import { gitRemotes, type Remote } from "./git-remotes.ts";
import { readProject, type Project } from "./project.ts";
import { readSticky, type Sticky } from "./sticky-context.ts";

export type Surroundings = {
  readonly directory: string;
  project(): Promise<Project | undefined>;
  remotes(): readonly Remote[];
  sticky(): Promise<Sticky | undefined>;
  known(): Promise<KnownServers>;
  /** By `hop3 server use`. */
  chosenServer(): Promise<string | undefined>;
};

export function surroundingsOf(
  directory: string,
  { env, home }: { readonly env: Readonly<Record<string, string | undefined>>; readonly home: string },
): Surroundings {
  return {
    directory,
    project: once(() => readProject(directory)),
    remotes: once(() => gitRemotes(directory)),
    sticky: once(() => readSticky(directory, home)),
    known: once(() => readServers(serversFile(env, home))),
    chosenServer: once(() => readChosenServer(configDirectory(env, home))),
  };
}

function once<Value>(read: () => Value): () => Value {
  let kept: { readonly value: Value } | undefined;
  return () => (kept ??= { value: read() }).value;
}
