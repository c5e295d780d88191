/**
 * The way out of a program that resolves names by itself, git above all: an HTTP proxy on the loopback that asks for a
 * secret and looks at each address as pinned-address.ts says, those of redirects too. TLS goes through it unopened.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { AppError } from "#core/errors.ts";
import { isAllowedNear, pinnedAddress, type OutboundRules } from "./pinned-address.ts";

export type WayOut = {
  /** With its secret: for the program's environment, never for its arguments. */
  readonly url: string;
  /** Why it let nobody through, if it did not: the program itself only says that it was refused. */
  refusal(): AppError | undefined;
  close(): void;
};

/** Milliseconds in which nothing moves before a connection is cut. */
const idleMs = 120_000;

export async function openWayOut(rules: OutboundRules): Promise<WayOut> {
  const secret = randomBytes(24).toString("base64url");
  const wanted = Buffer.from(`Basic ${Buffer.from(`hop3:${secret}`).toString("base64")}`);
  let refused: AppError | undefined;
  const open = new Set<Duplex>();
  const keep = (socket: Duplex): void => {
    open.add(socket);
    socket.on("close", () => open.delete(socket)).on("error", () => socket.destroy());
  };
  const mayPass = ({ headers }: IncomingMessage): boolean => {
    const given = Buffer.from(headers["proxy-authorization"] ?? "");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  };
  /** The status that the program is told; that nobody answers there is no refusal of ours. */
  const note = (thrown: unknown): 403 | 502 => {
    if (!(thrown instanceof AppError)) return 502;
    refused ??= thrown;
    return 403;
  };

  const server = createServer((request, response) => {
    if (!mayPass(request)) response.writeHead(407, { "proxy-authenticate": "Basic" }).end();
    else void forward(request, response, rules, keep).catch((thrown: unknown) => refuse(response, thrown));
  });
  const refuse = (response: ServerResponse, thrown: unknown): void => {
    const status = note(thrown);
    if (response.headersSent) response.destroy();
    else response.writeHead(status).end();
  };
  server.on("connection", keep);
  server.on("connect", (request, client, head) => {
    if (!mayPass(request)) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n");
      return;
    }
    tunnel(request.url ?? "", client, head, rules, keep).catch((thrown: unknown) => {
      client.end(`HTTP/1.1 ${note(thrown)} Refused\r\n\r\n`);
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://hop3:${secret}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    refusal: () => refused,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** TLS: bytes both ways, from the moment that the other side is there. */
async function tunnel(
  target: string,
  client: Duplex,
  head: Buffer,
  rules: OutboundRules,
  keep: (socket: Duplex) => void,
): Promise<void> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const address = await pinnedAddress(hostname, rules);
  const remote = connect({ host: address, port: Number(port) });
  keep(remote);
  await new Promise<void>((resolve, reject) => remote.once("connect", resolve).once("error", reject));
  remote.setTimeout(idleMs, () => remote.destroy());
  remote.on("close", () => client.destroy());
  client.on("close", () => remote.destroy());
  client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
  remote.write(head);
  client.pipe(remote).pipe(client);
}

/** Clear text, to networks that the operator allows. */
async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  rules: OutboundRules,
  keep: (socket: Duplex) => void,
): Promise<void> {
  const url = new URL(request.url ?? "");
  const address = await pinnedAddress(url.hostname, rules);
  if (url.protocol !== "http:" || !isAllowedNear(address, rules)) {
    response.writeHead(403).end();
    return;
  }
  const headers = { ...request.headers };
  for (const name of ["proxy-authorization", "proxy-connection"]) delete headers[name];
  const { method } = request;
  const path = url.pathname + url.search;
  const there = httpRequest({ agent: false, host: address, port: url.port || 80, path, method, headers });
  there.on("socket", keep);
  await new Promise<void>((resolve, reject) => {
    there.on("error", reject);
    there.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on("end", resolve).on("error", reject);
    });
    request.pipe(there);
  });
}
