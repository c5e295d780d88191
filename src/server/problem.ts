/** The HTTP renderer of errors, the only one: an AppError becomes problem+json; its cause goes to the log and nowhere else. */
import { type Problem, problemType } from "#core/api/errors.ts";
import { type AppError, errorTable } from "#core/errors.ts";

export function problemResponse(error: AppError, requestId: string): Response {
  const { http } = errorTable[error.code];
  const body: Problem = {
    type: `errors#${error.code.toLowerCase()}`,
    title: error.message,
    status: http,
    code: error.code,
    hint: error.hint,
    details: [...error.details],
    requestId,
  };
  const headers = new Headers({ "content-type": problemType });
  if (error.code === "UNAUTHENTICATED") headers.set("www-authenticate", "Bearer");
  if (error.retryAfter !== undefined) headers.set("retry-after", String(Math.max(1, Math.ceil(error.retryAfter))));
  return new Response(JSON.stringify(body), { status: http, headers });
}
