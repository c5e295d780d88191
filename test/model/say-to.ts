import { connect, type Socket } from "node:net";

/** Says a word to the app at this address, as a slot names it; resolves when it has said who it is, with its connection. */
export function sayTo(address: string, word: string): Promise<Socket & { readonly said?: string }> {
  return new Promise((resolve, reject) => {
    const path = address.startsWith("unix/") ? address.slice("unix/".length) : undefined;
    const socket = path === undefined ? connect(Number(address.split(":").at(-1)), "127.0.0.1") : connect({ path });
    socket.setTimeout(5000, () => socket.destroy(new Error(`${address} did not answer`)));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`${address} said nothing`)));
    socket.setEncoding("utf8").once("data", (said: string) => resolve(Object.assign(socket, { said: said.trim() })));
    socket.write(`${word}\n`);
  });
}
