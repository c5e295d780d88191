/** A real sshd on loopback for a test, and a real ssh that knows nothing but it; both with keys and settings of their own. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { exec } from "#sys/exec.ts";
import { eventually } from "./apps.ts";

const sshd = "/usr/sbin/sshd";

/** Why there can be none here; false when there can. */
export const withoutSshd = (): string | false =>
  existsSync(sshd) && existsSync("/usr/bin/ssh") ? false : "OpenSSH's server and client are not installed";

export type SshServer = {
  /** `user@127.0.0.1`. */
  readonly target: string;
  readonly port: number;
  /** To stand first in PATH: its `ssh` reads this test's settings, since ssh asks the system for the home directory. */
  readonly bin: string;
  /** What the server's log has, a line each. */
  log(): string;
  stop(): void;
};

/** `env` is what a command sees that is run there. */
export async function startSshServer(
  dir: string,
  port: number,
  env: Readonly<Record<string, string>>,
): Promise<SshServer> {
  const [etc, bin] = [join(dir, "etc"), join(dir, "bin")];
  for (const folder of [etc, bin]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of ["host", "person"])
    await exec(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(etc, name)], {
      env: { PATH: "/usr/bin:/bin" },
    });
  writeFileSync(join(etc, "authorized_keys"), readFileSync(join(etc, "person.pub")), { mode: 0o600 });
  const log = join(etc, "sshd.log");
  writeFileSync(
    join(etc, "sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(etc, "host")}`,
      `AuthorizedKeysFile ${join(etc, "authorized_keys")}`,
      `PidFile ${join(etc, "pid")}`,
      "UsePAM no",
      "StrictModes no",
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      `SetEnv ${Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ")}`,
      "",
    ].join("\n"),
  );
  const host = readFileSync(join(etc, "host.pub"), "utf8");
  writeFileSync(join(etc, "known_hosts"), `[127.0.0.1]:${port} ${host}`);
  writeFileSync(
    join(etc, "ssh_config"),
    `UserKnownHostsFile ${join(etc, "known_hosts")}\nStrictHostKeyChecking yes\nIdentityFile ${join(etc, "person")}\nIdentitiesOnly yes\n`,
  );
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F '${join(etc, "ssh_config")}' "$@"\n`, {
    mode: 0o755,
  });
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const child = spawn(sshd, ["-D", "-E", log, "-f", join(etc, "sshd_config")], { stdio: "ignore", env: {} });
  const read = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  await eventually("sshd listens", () => {
    if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}: ${read()}`);
    return read().includes("Server listening");
  });
  return { target: `${userInfo().username}@127.0.0.1`, port, bin, log: read, stop: () => void child.kill("SIGTERM") };
}
