/** The log of a daemon: one JSON object a line, by pino. What looks like a secret is taken out on the way. */
import { pino } from "pino";
import { AppError } from "#core/errors.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Facts beside the message, as JSON; an Error under `error` is written with its code, stack and causes. */
export type LogFacts = Readonly<Record<string, unknown>>;

export type Log = { readonly [Level in LogLevel]: (message: string, facts?: LogFacts) => void } & {
  /** A log whose every line has these facts too. */
  child(facts: LogFacts): Log;
};

export type LogOptions = {
  /** The daemon's name, on every line. */
  readonly name: string;
  readonly level?: LogLevel;
  /** Where lines go, for example process.stdout. */
  readonly stream: { write(line: string): unknown };
};

/** Names of facts that are never written, at the top, one and two levels down. */
const secretNames = [
  "authorization",
  "cookie",
  "password",
  "secret",
  "token",
  "key",
  "masterKey",
  "env",
  "value",
  "url",
  "dsn",
];

// Secrets inside other text: our own tokens, passwords in addresses, bearer headers.
const secretForms: readonly (readonly [RegExp, string])[] = [
  [/hop3_[A-Za-z0-9_-]{43}/g, "hop3_[secret]"],
  [/(:\/\/[^\s:/@"\\]*:)[^\s/@"\\]+@/g, "$1[secret]@"],
  [/(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, "$1[secret]"],
];

export function openLog({ name, level = "info", stream }: LogOptions): Log {
  return toLog(
    pino(
      {
        base: { name, pid: process.pid },
        level,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: describeError },
        redact: {
          paths: secretNames.flatMap((secret) => [secret, `*.${secret}`, `*.*.${secret}`]),
          censor: "[secret]",
        },
        hooks: { streamWrite: withoutSecrets },
      },
      stream,
    ),
  );
}

// Over the whole line, because secrets also stand inside messages and stacks.
function withoutSecrets(text: string): string {
  return secretForms.reduce((rest, [form, replacement]) => rest.replace(form, replacement), text);
}

function toLog(logger: pino.Logger): Log {
  const at = (level: LogLevel) => (message: string, facts?: LogFacts) => logger[level](facts ?? {}, message);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (facts) => toLog(logger.child(facts)),
  };
}

// Only the fields that are named here: an error of a driver carries whole rows and connection settings with it.
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === "string" ? { code } : {}),
    ...(error instanceof AppError && error.details.length > 0 ? { details: error.details } : {}),
    stack: error.stack,
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}
