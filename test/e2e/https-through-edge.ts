/** A request as a browser would make it by HTTPS, of an app behind the edge. */
import { request } from "node:https";
import type { TLSSocket } from "node:tls";
import type { EdgeTarget } from "./http-through-edge.ts";

export type HttpsAnswer = {
  readonly status: number;
  readonly body: string;
  /** Common name of who has given the certificate. */
  readonly issuer: string;
};

/** `ca` are the roots that are trusted, in PEM. Rejects when the certificate is not the name's, or there is none. */
export function fetchByHttps({ port, host }: EdgeTarget, ca: string): Promise<HttpsAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, servername: host, headers: { Host: host }, ca, agent: false } as const;
    request({ ...options, signal: AbortSignal.timeout(10_000) }, (response) => {
      const { issuer } = (response.socket as TLSSocket).getPeerCertificate();
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (body += chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, issuer: String(issuer.CN) }));
    })
      .on("error", reject)
      .end();
  });
}
