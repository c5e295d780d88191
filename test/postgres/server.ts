/**
 * A real PostgreSQL server for one test process: started when first asked for, gone with its directory at the end. A
 * shell stands between: it sees the end of this process, however it came, by the end of its input, and cleans up.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { findBinaries, type OtherUser } from "./binaries.ts";

export type PostgresServer = {
  /** Makes an empty database and returns its address. */
  createDatabase(): Promise<string>;
  /** Cuts every connection to the database at that address, as a restart of the server would. */
  cutConnections(url: string): Promise<void>;
  /** Ends the server, and starts it again on the same data; resolves when it answers. */
  halt(): Promise<void>;
  startAgain(): Promise<void>;
  /** All its processes stand still: nothing is refused, and nothing answered. Then they go on. */
  hang(): Promise<void>;
  wake(): Promise<void>;
  stop(): Promise<void>;
};

const startTimeout = 60_000;

// In the directory: data/ and the socket. The watcher owns it, so it can remove all of it.
const watcher = `
dir=$1 postgres=$3
begin() {
  "$postgres" -D data -k "$dir" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 >>postgres.log 2>&1 &
  server=$!
}
end() {
  kill -INT $server
  wait $server
}
tell() {
  kill -$1 $server $(cat /proc/$server/task/$server/children)
}
cd "$1" || exit 1
"$2" -D data -U hop3 -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; cd /; rm -rf "$1"; exit 1; }
begin
while read -r line; do
  case $line in
    stop) end ;;
    start) begin ;;
    hang) tell STOP ;;
    wake) tell CONT ;;
  esac
  echo done
done
tell CONT 2>/dev/null
end 2>/dev/null
cd /
rm -rf "$1"
`;

/** Throws when there is no PostgreSQL on this machine or it does not start. */
export async function startPostgres(): Promise<PostgresServer> {
  // Not os.tmpdir(): it can be a directory that other users cannot enter, or too long for a socket.
  const dir = await mkdtemp("/tmp/hop3-pg-");
  const user = process.getuid?.() === 0 ? await nobody() : undefined;
  if (user !== undefined) await chown(dir, user.uid, user.gid);
  const { initdb, postgres } = await findBinaries(user, dir).catch(async (error: unknown) => {
    await rm(dir, { recursive: true });
    throw error;
  });
  const child = spawn("/bin/sh", ["-c", watcher, "postgres-watcher", dir, initdb, postgres], {
    // A group of its own: Ctrl-C must reach the tests only; the watcher then ends the server.
    detached: true,
    cwd: "/",
    env: { PATH: "/usr/bin:/bin", HOME: dir, LC_ALL: "C" },
    stdio: ["pipe", "pipe", "inherit"],
    ...user,
  });
  const admin = address(dir, "postgres");
  await untilReady(admin, child);
  let databases = 0;
  const order = async (line: string): Promise<void> => {
    assert.ok(child.stdout !== null);
    const done = once(child.stdout, "data");
    child.stdin?.write(`${line}\n`);
    await done;
  };
  return {
    async createDatabase() {
      databases += 1;
      const name = `test${databases}`;
      await run(admin, `create database ${name}`);
      return address(dir, name);
    },
    async cutConnections(url) {
      const name = new URL(url).pathname.slice(1);
      await run(admin, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
    },
    halt: () => order("stop"),
    async startAgain() {
      await order("start");
      await untilReady(admin, child);
    },
    hang: () => order("hang"),
    wake: () => order("wake"),
    async stop() {
      const gone = once(child, "exit");
      child.stdin?.end();
      await gone;
    },
  };
}

function address(dir: string, database: string): string {
  return `postgres://hop3@localhost/${database}?host=${encodeURIComponent(dir)}`;
}

async function run(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + startTimeout;
  for (;;) {
    if (child.exitCode !== null) throw new Error("PostgreSQL for the tests could not be started; see above.");
    try {
      await run(url, "select 1");
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        child.stdin?.end();
        throw new Error("PostgreSQL for the tests did not answer in time.", { cause: error });
      }
      await delay(25);
    }
  }
}

/** The user that has no rights anywhere: PostgreSQL refuses to run as root. */
async function nobody(): Promise<OtherUser> {
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(await readFile("/etc/passwd", "utf8"));
  if (line === null) throw new Error("This machine has no user `nobody` to run PostgreSQL as.");
  return { uid: Number(line[1]), gid: Number(line[2]) };
}
