/** Both databases, so that each test of the store is written once and run on each: `for (const database of databases)`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import type { Store } from "#store/db.ts";
import { openStore } from "#store/open.ts";
import type { Clock } from "#sys/clock.ts";
import { startPostgres, type PostgresServer } from "./postgres/server.ts";

/** A clock that stands still until it is moved. */
export type TestClock = Clock & { advance(ms: number): void };

export type Opened = {
  readonly store: Store;
  readonly clock: TestClock;
  /** Opens the same database once more, as another process would. Closed at the end of the test. */
  another(): Promise<Store>;
  /** What openStore was given. */
  readonly options: { readonly url?: string; readonly file: string };
};

export type Database = {
  readonly name: "sqlite" | "postgres";
  /** A new database of its own for this test; closed at its end. */
  open(t: TestContext): Promise<Opened>;
  /** The same without a store on it; removed when all tests of the process have ended. */
  empty(): Promise<{ readonly url?: string; readonly file: string }>;
};

let server: Promise<PostgresServer> | undefined;
const dirs: string[] = [];
// Not at the end of each test: its own hooks run in the order in which it asked for them, and a store or a child process
// that ends after its directory was removed would leave files.
after(async () => {
  await (await server)?.stop();
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

/** The one server of this test process. */
export function postgresServer(): Promise<PostgresServer> {
  server ??= startPostgres();
  return server;
}

export const databases: readonly Database[] = [
  database("sqlite", async () => ({})),
  database("postgres", async () => ({ url: await (await postgresServer()).createDatabase() })),
];

function database(name: Database["name"], address: () => Promise<{ url?: string }>): Database {
  const empty = async () => {
    const dir = await mkdtemp(join(tmpdir(), "hop3-store-"));
    dirs.push(dir);
    return { ...(await address()), file: join(dir, "hop3.db") };
  };
  return {
    name,
    empty,
    async open(t) {
      const options = await empty();
      const clock = testClock();
      const another = async () => {
        const store = await openStore({ ...options, clock });
        t.after(() => store.close());
        return store;
      };
      return { store: await another(), clock, another, options };
    },
  };
}

function testClock(): TestClock {
  let now = Date.parse("2026-01-01T00:00:00.000Z");
  return {
    now: () => now,
    elapsed: () => now,
    sleep: async (ms) => {
      now += ms;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}
