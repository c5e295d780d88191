/** A unix socket for one client: it says the token first, and the socket is gone as soon as one has said it. */
import { timingSafeEqual } from "node:crypto";
import { chmodSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";

/** Strangers who may be connected at a time, and how long one may take to say the token, in milliseconds. */
const connectionsMax = 4;
const sayWithin = 5000;

export type OneClient = {
  /** The client; undefined when none came in time. What it has said after the token waits to be read. */
  readonly came: Promise<Socket | undefined>;
  /** Takes the socket away; `came` resolves with undefined unless a client was there. */
  close(): void;
};

/** Resolves when the socket is there, for nobody but our own user. */
export async function listenForOne(path: string, token: string, waitMs: number): Promise<OneClient> {
  let settle: (socket: Socket | undefined) => void = () => undefined;
  const came = new Promise<Socket | undefined>((resolve) => (settle = resolve));
  const strangers = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (strangers.size >= connectionsMax) return void socket.on("error", () => undefined).destroy();
    strangers.add(socket);
    const forget = (): void => void strangers.delete(socket);
    socket
      .setTimeout(sayWithin, () => socket.destroy())
      .on("error", forget)
      .on("close", forget);
    const admit = async (): Promise<void> => {
      const said = await readToken(socket, token.length);
      if (said === undefined || !same(said, token)) return void socket.destroy();
      socket.setTimeout(0);
      forget();
      settle(socket);
      close();
    };
    void admit();
  });
  const timer = setTimeout(() => close(), waitMs);
  const close = (): void => {
    clearTimeout(timer);
    server.close(); // takes the file away
    for (const one of strangers) one.destroy();
    settle(undefined);
  };
  await listen(server, path);
  return { came, close };
}

function listen(server: Server, path: string): Promise<void> {
  // Until chmod says otherwise nobody else may connect.
  const before = process.umask(0o177);
  return new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  })
    .then(() => chmodSync(path, 0o600))
    .finally(() => process.umask(before));
}

/** The first bytes of the connection; undefined when it ends before. */
async function readToken(socket: Socket, length: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const look = (): void => {
      const said = socket.read(length) as Buffer | null;
      if (said === null) return;
      socket.off("readable", look);
      resolve(said.toString("latin1"));
    };
    socket.on("readable", look);
    for (const event of ["end", "close"] as const) socket.once(event, () => resolve(undefined));
  });
}

function same(said: string, token: string): boolean {
  const [one, other] = [Buffer.from(said, "latin1"), Buffer.from(token, "latin1")];
  return one.length === other.length && timingSafeEqual(one, other);
}
