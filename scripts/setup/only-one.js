/**
 * One set-up at a time in one checkout. The lock is an abstract unix socket named by the checkout's path: the kernel
 * takes it away with its process, so there is no stale lock to recognise. Whoever waits is connected to the holder,
 * hears its pid, and goes on when that connection closes.
 */
import { createHash } from "node:crypto";
import { connect, createServer } from "node:net";
import { paths } from "./paths.js";

/**
 * @param {(line: string) => void} log
 * @param {() => Promise<void>} work
 */
export async function onlyOneSetup(log, work) {
  const name = `\0hop3-setup-${createHash("sha256").update(paths.root).digest("hex").slice(0, 32)}`;
  for (;;) {
    const release = await hold(name);
    if (release !== undefined) return work().finally(release);
    await holderGone(name, (pid) => log(`waiting for another set-up of this checkout (pid ${pid})`));
  }
}

/**
 * @param {string} name
 * @returns {Promise<(() => void) | undefined>} undefined when somebody else holds it
 */
function hold(name) {
  return new Promise((resolve, reject) => {
    /** @type {Set<import("node:net").Socket>} */
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {}).on("close", () => waiting.delete(socket));
      socket.write(`${process.pid}\n`);
    });
    server.on("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(name, () =>
      resolve(() => {
        server.close();
        for (const socket of waiting) socket.destroy();
      }),
    );
  });
}

/**
 * @param {string} name
 * @param {(pid: string) => void} heard
 * @returns {Promise<void>}
 */
function holderGone(name, heard) {
  return new Promise((resolve) => {
    const socket = connect(name);
    socket.once("data", (chunk) => heard(chunk.toString().trim()));
    socket.on("error", () => {}).on("close", () => resolve());
  });
}
