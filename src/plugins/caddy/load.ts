/** Loads a document through Caddy's admin API on its unix socket. Caddy refuses a bad one and keeps the old in force. */
import { request } from "node:http";
import { AppError } from "#core/errors.ts";
import type { EdgeSettings } from "#core/plugin.ts";

/** Throws PLUGIN_FAILED when Caddy refuses the document, UNAVAILABLE when it does not answer within 10 s. */
export function loadDocument(document: string, settings: EdgeSettings, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
    const call = request(
      {
        socketPath: settings.adminSocket,
        method: "POST",
        path: "/load",
        signal: bounded,
        headers: { Host: "hop3", "Content-Type": "application/json", "Cache-Control": "must-revalidate" },
      },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (body = (body + chunk).slice(0, 2000)));
        response.on("error", (cause) => reject(unavailable(cause)));
        response.on("end", () => {
          if (response.statusCode === 200) resolve();
          else reject(new AppError("PLUGIN_FAILED", "Caddy refused the edge document.", { cause: new Error(body) }));
        });
      },
    );
    call.on("error", (cause) => reject(unavailable(cause)));
    call.end(document);
  });
}

function unavailable(cause: unknown): AppError {
  return new AppError("UNAVAILABLE", "Caddy's admin socket does not answer.", { cause });
}
