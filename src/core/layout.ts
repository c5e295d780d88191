/**
 * Where everything lives, as pure functions of the two roots. Nobody else joins these paths.
 * `root` is HOP3_ROOT; `run` is the short run directory: a unix socket path may have 107 bytes, so sockets never live under the root.
 */

export type Roots = { readonly root: string; readonly run: string };

export type Layout = ReturnType<typeof layoutOf>;

/** Longest path of a unix socket that Linux takes, in bytes. */
export const socketPathMax = 107;

export function layoutOf({ root, run }: Roots) {
  const app = (name: string) => `${root}/apps/${name}`;
  return {
    root,
    run,
    database: `${root}/hop3.db`,
    masterKey: `${root}/master.key`,
    /** Log files of hop3d, caddy and the supervisor itself. */
    logs: `${root}/log`,
    /** hop3d's home in system mode: caches of its tools. */
    hop3dHome: `${root}/hop3d`,
    /** Repositories of apps that are pushed to, and the hooks that git runs: hop3d's alone. */
    git: `${root}/git`,
    gitHooks: `${root}/git/hooks`,
    /** What sshd asks for the keys that may push and fetch. */
    authorizedKeys: `${root}/ssh/authorized_keys`,
    ssh: `${root}/ssh`,
    repository: (name: string) => `${root}/git/${name}.git`,
    /** Node versions, package tools: shared by all apps, read-only for them. */
    runtimes: `${root}/runtimes`,
    apps: `${root}/apps`,
    /** Uploads until they are complete; no app's name begins with a dot. On the file system of the builds, for a rename. */
    incoming: `${root}/apps/.incoming`,
    app,
    appData: (name: string) => `${app(name)}/data`,
    appHome: (name: string) => `${app(name)}/home`,
    appCache: (name: string) => `${app(name)}/cache`,
    /** A directory each, outside of all builds; one that is being filled has a name that begins with a dot. */
    volumes: (name: string) => `${app(name)}/volumes`,
    volume: (name: string, volume: string) => `${app(name)}/volumes/${volume}`,
    appLogs: (name: string) => `${app(name)}/log`,
    build: (name: string, build: number) => `${app(name)}/builds/${build}`,
    buildRecord: (name: string, build: number) => `${app(name)}/builds/${build}/build.json`,
    buildTree: (name: string, build: number) => `${app(name)}/builds/${build}/tree`,
    /** Where `hop3d` puts what was uploaded; what the tree is made from. */
    buildUpload: (name: string, build: number) => `${app(name)}/builds/${build}/upload`,
    /** /tmp of the build's steps, in system mode. */
    buildTemporary: (name: string, build: number) => `${app(name)}/builds/${build}/tmp`,
    /** A tree that is being removed. */
    buildRemains: (name: string, build: number) => `${app(name)}/builds/${build}/gone`,
    buildLog: (name: string, build: number) => `${app(name)}/builds/${build}/build.log`,
    release: (name: string, release: number) => `${app(name)}/releases/${release}`,
    releaseRecord: (name: string, release: number) => `${app(name)}/releases/${release}/release.json`,
    /** hop3d's own: the settings that the release carries. */
    releaseSettings: (name: string, release: number) => `${app(name)}/releases/${release}/settings.json`,
    sessions: (name: string) => `${app(name)}/sessions`,
    session: (name: string, session: number) => `${app(name)}/sessions/${session}`,
    sessionRecord: (name: string, session: number) => `${app(name)}/sessions/${session}/session.json`,
    /** The supervisor's own: desired state, a directory per instance. Nobody else writes here. */
    supervisor: `${root}/supervisor`,
    desiredState: `${root}/supervisor/desired.json`,
    /** The edge: Caddy's last good document, its storage, slot files (docs/adr/0001), links to static files. */
    edge: `${root}/edge`,
    edgeDocumentFolder: `${root}/edge/document`,
    edgeDocument: `${root}/edge/document/caddy.json`,
    /** Links to the static files of live releases. */
    edgeLinks: `${root}/edge/live`,
    /** All apps' slots, a directory an app. */
    edgeSlots: `${root}/edge/slots`,
    edgeStorage: `${root}/edge/storage`,
    slots: (name: string) => `${root}/edge/slots/${name}`,
    supervisorSocket: `${run}/supervisor.sock`,
    /** Sockets that Caddy makes: in a directory of its own, for in system mode it may write in no other. */
    edgeSockets: `${run}/edge`,
    caddyAdminSocket: `${run}/edge/caddy.sock`,
    /** The fence (docs/adr/0001): the edge answers on the socket with what is in the file, which proves what it has read. */
    fenceSocket: `${run}/edge/fence.sock`,
    fenceFile: `${run}/fence`,
    /** Where the edge finds the API. */
    apiSockets: `${run}/api`,
    apiSocket: `${run}/api/hop3d.sock`,
    /** Sockets of app instances, one directory an instance, named by a short id. */
    instanceSockets: `${run}/i`,
    /** Of system mode: what the edge dials, a link to each instance's socket that no app can exchange, named by the same id. */
    doors: `${run}/e`,
    /** Sockets that hop3d makes, and no other user may reach. */
    hop3dSockets: `${run}/h`,
    /** Where the program that sshd runs for git finds hop3d. */
    gitSocket: `${run}/h/git.sock`,
    /** Sockets of session processes, one directory a session, named by a short id; gone when their client has come. */
    sessionSockets: `${run}/t`,
  };
}
