/** Kysely over pg. The only file that knows pg. */
import { PostgresDialect, type PostgresPoolClient } from "kysely";
import { DatabaseError, Pool, types } from "pg";

/** Connects when first asked. `url` holds a password: it must not reach a log or a message. */
export function openPostgres(url: string): PostgresDialect {
  const pool = new Pool({
    connectionString: url,
    application_name: "hop3",
    max: 8,
    // A server that hangs is told as one that is away, to people who wait for an answer.
    connectionTimeoutMillis: 5000,
    query_timeout: 10_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    // Counts and sequence numbers are far below 2^53; as text they would differ from SQLite's.
    types: {
      getTypeParser: (oid, format) =>
        oid === types.builtins.INT8 ? Number : (types.getTypeParser(oid, format) as (text: string) => unknown),
    },
  });
  // A connection that the server cuts says so by an event, idle (to the pool) or in use (to itself), beside failing the
  // query. The pool drops it and makes another; without listeners the event would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return new PostgresDialect({
    pool: { options: pool.options, connect: () => connect(pool), end: () => pool.end() },
  });
}

/**
 * A connection on which anything failed without a word of the server, such as a query that it did not answer in time, goes
 * with its use. What was asked is still on its way: a `begin` that is heard later would open a transaction which the
 * next user knows nothing of, whose changes would never be committed.
 */
async function connect(pool: Pool): Promise<PostgresPoolClient> {
  const client = await pool.connect();
  let isSound = true;
  const query = async (text: string, parameters: readonly unknown[]) => {
    try {
      return await client.query(text, [...parameters]);
    } catch (error) {
      if (!(error instanceof DatabaseError)) isSound = false;
      throw error;
    }
  };
  return {
    // Its other form is for cursors, which nothing here asks for.
    query: query as unknown as PostgresPoolClient["query"],
    release: (destroy = false) => client.release(destroy || !isSound),
  };
}
