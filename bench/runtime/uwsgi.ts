/** uWSGI, built from its source package for this run, with the options that stand beside what Hop3 gives Granian. */
import { join } from "node:path";
import { exec } from "#sys/exec.ts";
import { toolEnvironment } from "#cmd/wire/settings.ts";
import type { HostTools } from "./host-tools.ts";

const version = "2.0.31";

/** Path of the program. It runs in the environment of an app by `--virtualenv`. Throws when it cannot be built. */
export async function buildUwsgi({ uv, python }: HostTools, directory: string): Promise<string> {
  const place = join(directory, "uwsgi");
  const env = toolEnvironment(process.env);
  for (const argv of [
    [uv, "venv", "--python", python, place],
    [uv, "pip", "install", "--python", join(place, "bin/python"), `uwsgi==${version}`],
  ]) {
    const { exitCode, stderr } = await exec(argv, { cwd: directory, env });
    if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}:\n${stderr}`);
  }
  return join(place, "bin/uwsgi");
}

/** One worker of four threads, as Hop3 starts Granian; no log of requests, as there. */
export function uwsgiArgv(
  program: string,
  options: { readonly venv: string; readonly target: string; readonly sockets: readonly string[] },
): string[] {
  const { venv, target, sockets } = options;
  const worker = "--master --need-app --processes 1 --threads 4 --enable-threads --listen 100 --chmod-socket=660";
  const quiet = "--die-on-term --disable-logging";
  return [program, ...worker.split(" "), ...quiet.split(" "), "--virtualenv", venv, "--module", target, ...sockets];
}
