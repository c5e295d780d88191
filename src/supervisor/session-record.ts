/** The record of a session: the one place where a command is what a person typed. Checked like every record. */
import { sessionTokenLength } from "#core/session-plan.ts";
import type { SessionRecord, SessionSecrets } from "#core/records.ts";
import { envOf, openSealed, readRecord, samePlace, type RecordSource } from "./records.ts";
import { fields, invalid, list, numberMax, seconds, text, whole } from "./shape.ts";

const sizeMax = 10_000;
const wordsMax = 4096;

/** A record whose shape holds; `sealed` is still sealed. */
export function readSession(source: RecordSource, app: string, session: number): SessionRecord {
  const where = `session ${session} of ${app}`;
  const found = fields(readRecord(source, app, "sessions", session, "session.json", where), where, [
    "version",
    "app",
    "session",
    "release",
    "terminal",
    "timeout",
    "sealed",
  ]);
  samePlace(found, where, app, "session", session);
  return {
    version: 1,
    app,
    session,
    release: whole(found["release"], `${where}: release`, 0, numberMax),
    terminal: found["terminal"] === null ? null : sizeOf(found["terminal"], `${where}: terminal`),
    timeout: seconds(found["timeout"], `${where}: timeout`, source.limits.sessionTimeout),
    sealed: text(found["sealed"], `${where}: sealed`, source.limits.recordBytes),
  };
}

/** Opens what the record has sealed. Nothing of it appears in a message. */
export function sessionSecrets(source: RecordSource, { app, session, sealed }: SessionRecord): SessionSecrets {
  const where = `the command of session ${session} of ${app}`;
  const found = fields(openSealed(source, "session", app, session, sealed, where), where, ["argv", "env", "token"]);
  const { commandBytes } = source.limits;
  const argv = list(found["argv"], `${where}: argv`, wordsMax).map((word) =>
    text(word, `${where}: argv`, commandBytes),
  );
  if (argv[0] === undefined || argv[0] === "") throw invalid(`${where}: argv`, "is empty");
  if (argv.reduce((bytes, word) => bytes + Buffer.byteLength(word) + 1, 0) > commandBytes) {
    throw invalid(`${where}: argv`, `is longer than ${commandBytes} bytes`);
  }
  const token = text(found["token"], `${where}: token`, sessionTokenLength);
  if (token.length !== sessionTokenLength) throw invalid(`${where}: token`, "is no token");
  return { argv, env: envOf(found["env"], where), token };
}

function sizeOf(value: unknown, where: string): { columns: number; rows: number } {
  const found = fields(value, where, ["columns", "rows"]);
  return {
    columns: whole(found["columns"], `${where}: columns`, 1, sizeMax),
    rows: whole(found["rows"], `${where}: rows`, 1, sizeMax),
  };
}
