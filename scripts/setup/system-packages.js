/** Installs what is missing of the system's packages when root; else says the one command that does it. */
import { spawnSync } from "node:child_process";
import { run } from "./run.js";
import { SetupError } from "./setup-error.js";

/**
 * @param {{ deb: string[], rpm: string[] }[]} missing
 * @param {(line: string) => void} log
 */
export async function installSystemPackages(missing, log) {
  const apt = has("apt-get");
  if (!apt && !has("dnf")) {
    const names = missing.flatMap((one) => one.deb).join(", ");
    throw new SetupError(`Missing: ${names}.`, "Install them with your system's package manager, then try again.");
  }
  const names = missing.flatMap((one) => (apt ? one.deb : one.rpm));
  const install = apt
    ? ["apt-get", "install", "-y", "--no-install-recommends", ...names]
    : ["dnf", "install", "-y", ...names];
  if (process.getuid?.() !== 0) {
    throw new SetupError(`Missing system packages: ${names.join(", ")}.`, `Run: sudo ${install.join(" ")}`);
  }
  log(`installing system packages: ${names.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  if (apt) await run(["apt-get", "update"], { what: "apt-get update", env, tries: 2 });
  await run(install, { what: `installing ${names.join(", ")}`, env, tries: 2 });
}

/** @param {string} command */
function has(command) {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}
