/** What the host must bring: Linux with glibc on x64 or arm64, Node >= 18, npm, git and a Python that can make a venv. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { SetupError } from "./setup-error.js";

/** Throws when no command could make this host fit. */
export function checkHost() {
  const host = `${process.platform} on ${process.arch}`;
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) {
    throw new SetupError(
      `Hop3 runs on Linux on x64 or arm64, and this is ${host}.`,
      "Use a Linux machine or container.",
    );
  }
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 18) {
    throw new SetupError(
      `The set-up needs Node 18 or newer, and this is ${process.version}.`,
      "Install your distribution's newer nodejs; Hop3 then brings its own Node 26.",
    );
  }
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  if (report.header.glibcVersionRuntime === undefined) {
    throw new SetupError(
      "Node 26 for Linux needs glibc, which this system does not have.",
      "Use Debian, Ubuntu or Fedora.",
    );
  }
}

/** Each package by its Debian and its Fedora name, with the command that succeeds where it is there. */
const needed = [
  { argv: ["npm", "--version"], deb: ["npm"], rpm: ["npm"] },
  { argv: ["git", "--version"], deb: ["git"], rpm: ["git-core"] },
  { argv: ["python3", "-c", "import venv, ensurepip"], deb: ["python3", "python3-venv"], rpm: ["python3"] },
];

/** What only tests need: what system mode walls apps in by, SSH, and a browser. By the file that is there when it is. */
const testPackages = [
  { path: "/usr/bin/bwrap", deb: ["bubblewrap"], rpm: ["bubblewrap"] },
  { path: "/usr/sbin/nft", deb: ["nftables"], rpm: ["nftables"] },
  { path: "/usr/sbin/ip", deb: ["iproute2"], rpm: ["iproute"] },
  { path: "/usr/bin/ssh", deb: ["openssh-client"], rpm: ["openssh-clients"] },
  { path: "/usr/sbin/sshd", deb: ["openssh-server"], rpm: ["openssh-server"] },
  // A real browser, for logging in at a provider's own pages.
  { path: "/usr/bin/chromium", deb: ["chromium"], rpm: ["chromium"] },
];

/**
 * Nobody but root can install them, or run the tests of walls; these tests are left out for others, who are told.
 * @returns {{ deb: string[], rpm: string[] }[]}
 */
export function missingTestPackages() {
  return process.getuid?.() === 0 ? testPackages.filter(({ path }) => !existsSync(path)) : [];
}

/** @returns {{ deb: string[], rpm: string[] }[]} */
export function missingSystemPackages() {
  return needed.filter(
    ({ argv: [command = "", ...args] }) => spawnSync(command, args, { stdio: "ignore" }).status !== 0,
  );
}
