/** Where an installed Hop3 lies. Nobody else names these paths. */

export const places = {
  /** A directory a version, one a tool, and `current`, which is the version that is started. */
  lib: "/usr/lib/hop3",
  current: "/usr/lib/hop3/current",
  command: "/usr/local/bin/hop3",
  config: "/etc/hop3",
  root: "/var/lib/hop3",
  run: "/run/hop3",
  units: "/etc/systemd/system",
  /** What the system's sshd is told of git's account, the link by which it reads that, and the mark of what it has read. */
  sshd: "/etc/hop3/sshd.conf",
  sshdLink: "/etc/ssh/sshd_config.d/hop3.conf",
  sshdMark: "/etc/hop3/sshd.read",
  /** Of who installs or removes. */
  lock: "/run/hop3-install.lock",
} as const;

export const unitNames = { supervisor: "hop3.service", apps: "hop3-apps.service" } as const;

/** Of `hop3d`, of the edge, of the group that both are in (docs/adr/0006), and of that which every app is in (0005). */
export const accountNames = { hop3: "hop3", edge: "hop3-edge", files: "hop3-files", apps: "hop3-apps" } as const;
