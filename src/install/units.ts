/**
 * The two units of systemd (docs/adr/0008). The supervisor's may be restarted without an app noticing: what it starts stays
 * (KillMode), and a restart asks it to make room instead of ending all (RestartKillSignal). The control groups of apps are
 * another unit's, for systemd before 254 cannot start a process in a directory of version 2 that has handed controllers on.
 */
import { createHash } from "node:crypto";
import { places, unitNames } from "./places.ts";

export type Unit = { readonly name: string; readonly content: string };

/** Where that unit's control group lies in the tree of version 2. */
const appsCgroup = `/system.slice/${unitNames.apps}`;

const header = "# Made by `hop3 server install`, which overwrites changes: put yours in a drop-in (`systemctl edit`).";

const appsUnit = `${header}
[Unit]
Description=Hop3: the control groups of its apps
Documentation=https://github.com/abilian/hop3

[Service]
# Holds the place; the supervisor moves it aside. Stopping this unit ends every app at once.
ExecStart=/bin/sleep infinity
Delegate=yes
OOMPolicy=continue
OOMScoreAdjust=-900
TasksMax=infinity
# Of all apps, for it is the group's: the devices that every process needs, and no other.
DevicePolicy=closed

# Of the placeholder alone.
CapabilityBoundingSet=
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateNetwork=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RestrictAddressFamilies=none
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
`;

/** `mark` tells which text of the unit a running supervisor was started by. */
const supervisorUnit = (mark: string): string => `${header}
[Unit]
Description=Hop3: supervisor of apps, of Caddy and of hop3d
Documentation=https://github.com/abilian/hop3
Requires=${unitNames.apps}
After=${unitNames.apps} network-online.target nftables.service
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
Environment=HOP3_MODE=system HOP3_CGROUP=${appsCgroup} HOP3_UNIT=${mark}
Environment=MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536
Environment=NODE_COMPILE_CACHE=${places.root}/supervisor/compile-cache
WorkingDirectory=${places.current}
ExecStart=${places.current}/.tools/bin/node --max-semi-space-size=1 ${places.current}/cmd/supervisor.ts
Restart=always
RestartSec=1
KillMode=process
KillSignal=SIGTERM
RestartKillSignal=SIGUSR2
TimeoutStopSec=180
OOMPolicy=continue
OOMScoreAdjust=-900
LimitNOFILE=1048576
TasksMax=infinity
UMask=0027

# It makes users, namespaces, mounts, cgroups and rules of netfilter for apps, and must: what is left can be closed. All of
# it holds for what it starts, too, which has walls of its own beside.
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_SETGID CAP_SETPCAP CAP_SETUID CAP_SYS_ADMIN CAP_SYS_CHROOT CAP_SYS_NICE CAP_SYS_PTRACE CAP_SYS_RESOURCE
LockPersonality=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=cgroup ipc mnt net pid uts
RestrictRealtime=yes
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;

const mark = createHash("sha256")
  .update(supervisorUnit("") + appsUnit)
  .digest("hex")
  .slice(0, 12);

export const unitMark = mark;

export const units: readonly Unit[] = [
  { name: unitNames.apps, content: appsUnit },
  { name: unitNames.supervisor, content: supervisorUnit(mark) },
];
