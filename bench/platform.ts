/** A platform of a bench: started as `npm start` starts it, on a root of its own, and gone when the bench ends. */
import { join } from "node:path";
import { warmCompileCache } from "#cmd/wire/own-process.ts";
import { exec } from "#sys/exec.ts";
import { type RunningPlatform, startPlatform } from "../test/e2e/platform.ts";
import { node26Environment } from "../scripts/setup/node26.js";

export const checkout = join(import.meta.dirname, "..");

/** The environment in which `npm start` runs the server: with its compile cache, and its tools on PATH. */
export const startEnvironment = definedOnly(node26Environment());

/**
 * Runs `work` on a platform that ends with it, also when it throws or the bench is interrupted. `supervisor` is the path of
 * its entry file, when it is not the real one.
 */
export async function withPlatform(
  work: (platform: RunningPlatform) => Promise<void>,
  supervisor?: string,
): Promise<void> {
  await warmCompileCache(startEnvironment);
  const platform = await startPlatform({
    env: startEnvironment,
    ...(supervisor === undefined ? {} : { supervisor }),
  });
  const interrupted = Promise.withResolvers<never>();
  const onSignal = (signal: NodeJS.Signals) => interrupted.reject(new Error(`ended by ${signal}`));
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, onSignal);
  try {
    await Promise.race([work(platform), interrupted.promise]);
  } finally {
    await platform.stop();
  }
}

/** Runs the `hop3` of this checkout against the platform, as a person would; throws when it fails. */
export async function hop3(platform: RunningPlatform, ...args: readonly string[]): Promise<number> {
  return timed([join(checkout, "bin/hop3"), ...args], {
    ...startEnvironment,
    HOP3_API_URL: `http://127.0.0.1:${platform.settings.apiPort}`,
    HOP3_API_TOKEN: platform.token,
  });
}

/** Milliseconds from the start of a program to its end. Throws with its output when it fails. */
export async function timed(argv: readonly string[], env: Record<string, string>): Promise<number> {
  const began = performance.now();
  const { exitCode, signal, stdout, stderr } = await exec(argv, { env });
  const ms = performance.now() - began;
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode ?? signal}:\n${stdout}${stderr}`);
  return ms;
}

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
