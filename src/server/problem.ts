/** The HTTP renderer of errors, the only one: an AppError becomes problem+json; its cause goes to the log and nowhere else. */
import { type Problem, problemType } from "#core/api/errors.ts";
import { type AppError, errorTable } from "#core/errors.ts";

export function problemResponse(error: AppError, requestId: string): Response {
  const { status, headers, body } = problemAnswer(error, requestId);
  return new Response(body, { status, headers });
}

type Answer = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** The same for who writes answers by hand. */
export function problemAnswer(error: AppError, requestId: string): Answer {
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
  return {
    status: http,
    headers: {
      "content-type": problemType,
      ...(error.code === "UNAUTHENTICATED" ? { "www-authenticate": "Bearer" } : {}),
      ...(error.retryAfter === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(error.retryAfter))) }),
    },
    body: JSON.stringify(body),
  };
}
