/** The system's own sshd on a loopback port, with the keys of a platform: as an installation arranges it, below a directory. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { sshdSettings } from "#install/sshd.ts";
import { exec } from "#sys/exec.ts";
import { eventually } from "./apps.ts";
import { nextPort, type RunningPlatform } from "./platform.ts";

export const sshdPath = "/usr/sbin/sshd";

/** Why there can be none here; false when there can. */
export function withoutSshd(): string | false {
  if (process.getuid?.() !== 0) return "sshd changes to the user that logs in, which needs root";
  return existsSync(sshdPath) ? false : "openssh-server is not installed";
}

export type TestSshd = {
  readonly port: number;
  readonly user: string;
  /** What it has said. */
  log(): string;
  stop(): Promise<void>;
};

export async function startSshd(on: RunningPlatform): Promise<TestSshd> {
  const dir = join(on.base, "sshd");
  mkdirSync(dir);
  chmodSync(on.base, 0o755);
  // Where sshd separates its privileges; a service's start makes it elsewhere.
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const port = await nextPort();
  const { username: user } = userInfo();
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(dir, "host")]);
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${join(dir, "host")}`,
    `PidFile ${join(dir, "pid")}`,
    "UsePAM no",
    "PermitRootLogin yes",
    "LogLevel VERBOSE",
    sshdSettings({ user, authorizedKeys: on.layout.authorizedKeys }),
  ];
  writeFileSync(join(dir, "config"), `${config.join("\n")}\n`);
  const log = join(dir, "log");
  let pid = 0;
  const ended = exec([sshdPath, "-D", "-f", join(dir, "config"), "-E", log], {
    env: {},
    onSpawn: (found) => (pid = found),
  });
  const read = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  await eventually("sshd listens", () => read().includes("Server listening")).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${read()}`);
  });
  return {
    port,
    user,
    log: read,
    async stop() {
      process.kill(pid, "SIGTERM");
      await ended;
    },
  };
}

/** A new key without a passphrase; the path of its private half. */
export async function makeKey(on: RunningPlatform, name: string): Promise<string> {
  const file = join(on.base, `key-${name}`);
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  return file;
}

async function run(argv: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await exec(argv, { env: { PATH: process.env["PATH"] ?? "" } });
  assert.equal(exitCode, 0, stderr);
}
