/**
 * The one error table. Every error that leaves Hop3 has a code from here; the code fixes the exit status of the CLI,
 * the HTTP status, the gRPC status and a hint of what to do next. An unknown code does not compile.
 *
 * Exit codes: 0 ok, 1 generic, 2 usage, 3 not found, 4 authentication, 5 authorization, 6 conflict, 7 network or server,
 * 8 deployment failed, 9 plugin, 10 confirmation missing, 130 interrupted.
 */

export type ErrorRow = {
  /** Exit status of the CLI. */
  readonly exit: number;
  /** HTTP status of the API. */
  readonly http: number;
  /** gRPC status number. */
  readonly grpc: number;
  /** What to do next, used where the place that raised the error knows nothing better. */
  readonly hint: string;
};

/** gRPC status numbers, by name. */
const grpc = {
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadline: 4,
  notFound: 5,
  exists: 6,
  denied: 7,
  exhausted: 8,
  precondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export const errorTable = {
  // 1: generic
  INTERNAL: {
    exit: 1,
    http: 500,
    grpc: grpc.internal,
    hint: "This is a defect of Hop3. `hop3 system logs` has the details.",
  },
  // 2: usage and bad input
  USAGE: { exit: 2, http: 400, grpc: grpc.invalidArgument, hint: "`hop3 help` lists the commands." },
  INVALID_INPUT: { exit: 2, http: 400, grpc: grpc.invalidArgument, hint: "Correct the named value and try again." },
  INVALID_APP_NAME: {
    exit: 2,
    http: 400,
    grpc: grpc.invalidArgument,
    hint: "An app name has 2 to 64 lowercase letters, digits or hyphens, and starts with a letter.",
  },
  INVALID_DOMAIN: {
    exit: 2,
    http: 400,
    grpc: grpc.invalidArgument,
    hint: "A domain is a host name such as www.example.com, without scheme, port or path.",
  },
  INVALID_CONFIG: {
    exit: 2,
    http: 422,
    grpc: grpc.invalidArgument,
    hint: "Correct hop3.toml; docs/config.md lists every key.",
  },
  LIMIT_ABOVE_CEILING: {
    exit: 2,
    http: 422,
    grpc: grpc.precondition,
    hint: "Lower it in `[limits]` of hop3.toml, or have the server's ceiling raised; `hop3 system status` shows it.",
  },
  LIMIT_NOT_ENFORCED: {
    exit: 2,
    http: 422,
    grpc: grpc.precondition,
    hint: 'Remove it from `[limits]` of hop3.toml, or say `mode = "best-effort"` there; `hop3 system status` says what would help.',
  },
  INVALID_PROCFILE: { exit: 2, http: 422, grpc: grpc.invalidArgument, hint: "A Procfile line reads `name: command`." },
  INVALID_ENV_FILE: { exit: 2, http: 422, grpc: grpc.invalidArgument, hint: "An ENV line reads `NAME=value`." },
  INVALID_SOURCE: {
    exit: 2,
    http: 422,
    grpc: grpc.invalidArgument,
    hint: "Correct the named file of the app and deploy again.",
  },
  INVALID_ARCHIVE: {
    exit: 2,
    http: 422,
    grpc: grpc.invalidArgument,
    hint: "Upload a plain tar of regular files and folders; links must stay inside it.",
  },
  METHOD_NOT_ALLOWED: {
    exit: 2,
    http: 405,
    grpc: grpc.unimplemented,
    hint: "docs/api.md lists the methods of each address.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    exit: 2,
    http: 415,
    grpc: grpc.invalidArgument,
    hint: "docs/api.md says which media type each route takes.",
  },
  HEADERS_TOO_LARGE: {
    exit: 2,
    http: 431,
    grpc: grpc.exhausted,
    hint: "All headers of a request together may have 16 KiB.",
  },
  SOURCE_REFUSED: {
    exit: 2,
    http: 422,
    grpc: grpc.denied,
    hint: "This server fetches from public addresses by https; its operator can allow networks with HOP3_SOURCE_NETWORKS.",
  },
  TOO_LARGE: { exit: 2, http: 413, grpc: grpc.exhausted, hint: "Leave files out with `[build] ignore` in hop3.toml." },
  NOT_BUILT_YET: {
    exit: 2,
    http: 501,
    grpc: grpc.unimplemented,
    hint: "This part of Hop3 is not built yet; CHANGELOG.md says what is.",
  },
  // 3: resolution
  APP_NOT_FOUND: { exit: 3, http: 404, grpc: grpc.notFound, hint: "`hop3 apps` lists the apps." },
  NOT_FOUND: { exit: 3, http: 404, grpc: grpc.notFound, hint: "Check the name." },
  NO_APP: { exit: 3, http: 400, grpc: grpc.invalidArgument, hint: "Name the app with `--app`." },
  NO_SERVER: { exit: 3, http: 400, grpc: grpc.invalidArgument, hint: "Register a server with `hop3 login URL`." },
  // 4: authentication
  UNAUTHENTICATED: { exit: 4, http: 401, grpc: grpc.unauthenticated, hint: "Log in with `hop3 login URL`." },
  // 5: authorization
  DENIED: { exit: 5, http: 403, grpc: grpc.denied, hint: "Ask an admin of this server for the right." },
  // 6: conflict
  CONFLICT: { exit: 6, http: 409, grpc: grpc.precondition, hint: "Look at the present state and try again." },
  APP_EXISTS: { exit: 6, http: 409, grpc: grpc.exists, hint: "Choose another name, or deploy to the app that exists." },
  DOMAIN_TAKEN: { exit: 6, http: 409, grpc: grpc.exists, hint: "Remove the domain from the other app first." },
  CHANGED_MEANWHILE: {
    exit: 6,
    http: 412,
    grpc: grpc.precondition,
    hint: "Look at what it is now, and decide again.",
  },
  DEPLOY_RUNNING: { exit: 6, http: 409, grpc: grpc.precondition, hint: "Wait for the running deploy to end." },
  NO_RELEASE: { exit: 6, http: 409, grpc: grpc.precondition, hint: "Deploy the app first with `hop3 deploy`." },
  // 7: network and server
  UNREACHABLE: { exit: 7, http: 502, grpc: grpc.unavailable, hint: "Is the server running, and is its address right?" },
  UNAVAILABLE: { exit: 7, http: 503, grpc: grpc.unavailable, hint: "Try again in a moment." },
  REQUEST_TIMEOUT: {
    exit: 7,
    http: 408,
    grpc: grpc.deadline,
    hint: "Send the request in one go; is the line slow?",
  },
  TIMEOUT: { exit: 7, http: 504, grpc: grpc.deadline, hint: "Try again; `hop3 system logs` may tell what is slow." },
  RATE_LIMITED: { exit: 7, http: 429, grpc: grpc.exhausted, hint: "Wait a moment and try again." },
  STORE_FAILED: {
    exit: 7,
    http: 503,
    grpc: grpc.unavailable,
    hint: "Is the database reachable and its disk not full?",
  },
  DISK_FULL: { exit: 7, http: 507, grpc: grpc.exhausted, hint: "Free disk space on the server and try again." },
  DISK_LIMIT: {
    exit: 6,
    http: 409,
    grpc: grpc.exhausted,
    hint: "Remove files of the app (`hop3 run` works while it is stopped) or raise `[limits]` of hop3.toml; then start or deploy it.",
  },
  MASTER_KEY_REFUSED: {
    exit: 7,
    http: 503,
    grpc: grpc.precondition,
    hint: "The key file has 32 bytes, belongs to the server's user and is readable by nobody else. Restore it from a backup if it was lost.",
  },
  SUPERVISOR_REFUSED: {
    exit: 7,
    http: 502,
    grpc: grpc.denied,
    hint: "`hop3 system logs` has the supervisor's reason.",
  },
  // 8: the user's app failed to deploy
  SOURCE_FAILED: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "Check the address, the branch, and whether this server may read it.",
  },
  NOT_DETECTED: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "Add a Procfile or hop3.toml, or one of the files that tell the language (requirements.txt, package.json, index.html).",
  },
  LOCK_MISMATCH: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "Renew the lock file with your package tool and commit it.",
  },
  RUNTIME_MISSING: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "Ask for a version of the runtime that exists.",
  },
  BUILD_FAILED: { exit: 8, http: 422, grpc: grpc.precondition, hint: "`hop3 app build-logs` has the whole output." },
  RELEASE_COMMAND_FAILED: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "`hop3 app build-logs` has its output.",
  },
  VOLUME_UNAVAILABLE: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "Look at `[[volumes]]` of hop3.toml; docs/config.md says what each type needs.",
  },
  APP_EXITED: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "`hop3 app logs` has the last words of the process.",
  },
  APP_NOT_LISTENING: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "The web process must listen on 127.0.0.1:$PORT or on the unix socket $HOP3_SOCKET.",
  },
  APP_UNHEALTHY: {
    exit: 8,
    http: 422,
    grpc: grpc.precondition,
    hint: "Look at what was probed and at `hop3 app logs`; an app that is slow to get well needs a longer `[healthcheck] start_period`.",
  },
  // 9: plugins
  PLUGIN_FAILED: { exit: 9, http: 500, grpc: grpc.internal, hint: "`hop3 system logs` has the plugin's error." },
  // 10: confirmation
  CONFIRMATION_NEEDED: {
    exit: 10,
    http: 412,
    grpc: grpc.precondition,
    hint: "Repeat with `--yes`, or with `--confirm=NAME` where a name is asked for.",
  },
  // 130: interrupted
  CANCELED: { exit: 130, http: 499, grpc: grpc.canceled, hint: "Nothing was changed after the interruption." },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** What an error may carry beside its message. `cause` goes to the log only; `details` are shown and must hold no secret. */
export type ErrorExtra = {
  readonly hint?: string;
  readonly details?: readonly string[];
  readonly cause?: unknown;
  /** Seconds after which it is worth trying again: `retry-after` of an HTTP answer. */
  readonly retryAfter?: number;
};

/** An expected failure. `message` says what and why in one sentence; `hint` says what to do next. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: readonly string[];
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, extra: ErrorExtra = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = "AppError";
    this.code = code;
    this.hint = extra.hint ?? errorTable[code].hint;
    this.details = extra.details ?? [];
    this.retryAfter = extra.retryAfter;
  }
}

/**
 * The one funnel from unknown to AppError. What is not expected becomes INTERNAL: its own message may hold anything,
 * so it stays in `cause`, which only the log shows.
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (isNodeError(thrown)) {
    if (thrown.code === "ENOSPC" || thrown.code === "EDQUOT") {
      return new AppError("DISK_FULL", "The server's disk is full.", { cause: thrown });
    }
  }
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return new AppError("CANCELED", "The operation was canceled.", { cause: thrown });
  }
  return new AppError("INTERNAL", "Something unexpected went wrong inside Hop3.", { cause: thrown });
}

/** True for the errors that Node's own modules raise, which carry a string `code`. */
export function isNodeError(value: unknown): value is NodeJS.ErrnoException {
  return value instanceof Error && typeof (value as NodeJS.ErrnoException).code === "string";
}
