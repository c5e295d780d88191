/** What is no HTTP request, or not one that is taken, is answered like everything else: with a problem document. */
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { RequestError } from "@hono/node-server";
import { AppError, isNodeError, toAppError } from "#core/errors.ts";
import type { Log } from "#sys/log.ts";
import { problemAnswer, problemResponse } from "./problem.ts";

/** For what was thrown before there was a request, or, which is our defect, beside its way. */
export function problemOf(thrown: unknown, log: Pick<Log, "error">): Response {
  if (thrown instanceof RequestError) return problemResponse(badRequest(thrown), "");
  log.error("a request was left without an answer", { error: thrown });
  return problemResponse(toAppError(thrown), "");
}

function badRequest(cause: unknown): AppError {
  const code = isNodeError(cause) ? cause.code : undefined;
  if (code === "HPE_HEADER_OVERFLOW") {
    return new AppError("HEADERS_TOO_LARGE", "The request's headers are too large.");
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new AppError("REQUEST_TIMEOUT", "The request did not come in time.");
  }
  return new AppError("INVALID_INPUT", "This is not a valid HTTP request.");
}

export function answerBadHttp(server: Server): void {
  server.on("clientError", (error: Error, socket: Duplex & { readonly bytesWritten?: number }) => {
    // After the head of an answer, or to who has gone, nothing can be said.
    if (!socket.writable || (isNodeError(error) && error.code === "ECONNRESET") || hasAnswer(socket)) {
      return void socket.destroy();
    }
    say(socket, badRequest(error));
  });
  // Only 100-continue means anything here; Node would answer without a body.
  server.on("checkExpectation", (_: IncomingMessage, response: ServerResponse) => {
    const error = new AppError("INVALID_INPUT", "The request expects what this server does not know.");
    const { status, headers, body } = problemAnswer(error, "");
    response.writeHead(status, { ...headers, connection: "close" }).end(body);
  });
}

/** An answer is on its way on this connection: Node notes it on the socket. */
function hasAnswer(socket: Duplex): boolean {
  const { _httpMessage: answer } = socket as { _httpMessage?: { readonly headersSent?: boolean } | null };
  return answer?.headersSent === true;
}

function say(socket: Duplex, error: AppError): void {
  const { status, headers, body } = problemAnswer(error, "");
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  lines.push(`content-length: ${Buffer.byteLength(body)}`, "connection: close", "", body);
  socket.end(lines.join("\r\n"));
}
