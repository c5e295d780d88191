/**
 * What a build may take from the apps that serve: the processor and the disk when they leave them, and of the host's memory
 * nothing that they need. It is bounded by the host's own small tools; one that a host lacks leaves out its part.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { resolve } from "node:path";

/**
 * Each runs the rest of the line in its own place, so the process stays the same and all its children inherit it. An
 * unprivileged process may make itself weaker, never stronger.
 */
const tools: readonly (readonly string[])[] = [
  // When memory ends, the kernel ends one of these first.
  ["choom", "-n", "1000", "--"],
  ["nice", "-n", "10"],
  // Last of the ordinary class: `idle` would let a busy disk hold a build up for ever.
  ["ionice", "-c", "2", "-n", "7"],
];

/** `argv` at the lowest priority that this host can give it. */
export function atLowPriority(
  argv: readonly string[],
  directories: readonly string[] = ["/usr/bin", "/bin"],
): string[] {
  const before = tools.flatMap(([name = "", ...args]) => {
    const path = directories.map((directory) => `${directory}/${name}`).find((each) => existsSync(each));
    return path === undefined ? [] : [path, ...args];
  });
  return [...before, ...argv];
}

/**
 * Throws as spawn would, for a program that is not there: in front of it stands one that is. `path` is the PATH of the
 * job, `directory` the one it will run in.
 */
export function assertProgram(file: string, path: string, directory: string): void {
  const places = file.includes("/") ? [""] : path.split(":");
  for (const place of places) {
    try {
      return accessSync(resolve(directory, place, file), constants.X_OK);
    } catch (error) {
      if (place === places.at(-1)) throw error;
    }
  }
}
