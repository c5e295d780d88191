/** For tests: records of sessions, and a client that speaks frames, as hop3d and the person's client do together. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { encodeFrame, FrameReader, type Frame } from "#core/session-frames.ts";
import type { SessionRecord, SessionSecrets } from "#core/records.ts";
import { recordEnvContext, seal } from "#core/sealed.ts";
import { eventually, testKey, type Bench } from "./bench.ts";

export const testToken = "t".repeat(43);

export type SessionWish = Partial<SessionRecord> & Partial<SessionSecrets>;

/** Writes the record of a session, of `blog` unless another app is named. */
export function writeSession(bench: Bench, session: number, wish: SessionWish): void {
  const { argv = ["/bin/true"], env = {}, token = testToken, app = "blog", ...more } = wish;
  mkdirSync(bench.layout.session(app, session), { recursive: true });
  const record: SessionRecord = {
    version: 1,
    app,
    session,
    release: 1,
    terminal: null,
    timeout: 60,
    sealed: seal(testKey, recordEnvContext("session", app, session), JSON.stringify({ argv, env, token })),
    ...more,
  };
  writeFileSync(bench.layout.sessionRecord(app, session), JSON.stringify(record));
}

export type TestClient = {
  readonly socket: Socket;
  /** What has been said, as text. */
  readonly said: { stdout: string; stderr: string };
  /** Of stdout, and its SHA-256, which is kept instead of the text when `hash` was asked for. */
  readonly taken: { bytes: number; hash: () => string };
  /** Set to grant nothing. */
  stalled: boolean;
  send(frame: Frame): void;
  /** Resolves with the last frame; undefined when the connection ended without one. */
  readonly last: Promise<Frame | undefined>;
  until(text: string): Promise<void>;
};

export function sessionClient(socket: Socket, hash = false): TestClient {
  const reader = new FrameReader();
  const digest = createHash("sha256");
  let last: Frame | undefined;
  const client: TestClient = {
    socket,
    said: { stdout: "", stderr: "" },
    taken: { bytes: 0, hash: () => digest.digest("hex") },
    stalled: false,
    send: (frame) => void socket.write(encodeFrame(frame)),
    last: new Promise((resolve) => socket.on("close", () => resolve(last))),
    until: (text) => eventually(() => client.said.stdout.includes(text), `${text} in ${client.said.stdout}`),
  };
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    for (const frame of reader.take(chunk)) {
      if (frame.type === "exit" || frame.type === "failed") {
        last = frame;
        socket.end();
      }
      if (frame.type !== "stdout" && frame.type !== "stderr") continue;
      if (frame.type === "stdout") client.taken.bytes += frame.data.length;
      if (hash) digest.update(frame.data);
      else client.said[frame.type] += frame.data.toString("latin1");
      if (!client.stalled) client.send({ type: "grant", stream: frame.type, bytes: frame.data.length });
    }
  });
  return client;
}

/** Opens the session of `blog` by its record and joins it. */
export async function joinSession(bench: Bench, session: number, wish: SessionWish, hash = false): Promise<TestClient> {
  writeSession(bench, session, wish);
  const { socket: path } = await bench.client.call("session.open", { app: "blog", session });
  const socket = connect(path);
  socket.write(wish.token ?? testToken);
  return sessionClient(socket, hash);
}
