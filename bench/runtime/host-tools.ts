/** What the bench needs of the host beyond what the set-up brings: looked for and named, never installed. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pinnedTools } from "#sys/tools.ts";
import { exec } from "#sys/exec.ts";

export type HostTools = { readonly cc: string; readonly nginx: string; readonly python: string; readonly uv: string };

/** Throws with all that is missing and the packages of Debian and Ubuntu that have it. */
export async function findHostTools(): Promise<HostTools> {
  const { python, uv } = pinnedTools();
  const include = await exec([python, "-c", "import sysconfig; print(sysconfig.get_path('include'))"], {});
  const cc = programOf("cc");
  const nginx = programOf("nginx");
  const missing = [
    ...(cc === undefined ? ["a C compiler (gcc libc6-dev), for the load and for uWSGI"] : []),
    ...(nginx === undefined ? ["nginx (nginx-light)"] : []),
    ...(existsSync(join(include.stdout.trim(), "Python.h"))
      ? []
      : [`the headers of ${python} (python3-dev), for uWSGI`]),
    ...(existsSync("/usr/include/openssl/sha.h") ? [] : ["OpenSSL's headers (libssl-dev), for uWSGI's WebSockets"]),
  ];
  if (cc === undefined || nginx === undefined || missing.length > 0)
    throw new Error(`This bench needs, with the packages of apt that have it: ${missing.join("; ")}`);
  return { cc, nginx, python, uv };
}

function programOf(name: string): string | undefined {
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path));
}
