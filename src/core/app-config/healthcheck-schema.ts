/** `[healthcheck]`, key by key; what excludes what is in healthcheck.ts. */
import { z } from "zod";
import type { StatusRange } from "../healthcheck.ts";
import { probeTimeoutMax, startPeriodMax } from "../limits.ts";
import { key, notBuilt } from "./schema-key.ts";
import { command, seconds, urlPath } from "./schema-values.ts";

const statusWords = 'must be a status such as 204, a range such as "200-299", or a list of them';
const status = z.int(statusWords).min(100, statusWords).max(599, statusWords);
const expectedStatus = z.union(
  [
    status.transform((one): StatusRange => [one, one]),
    z
      .string()
      .regex(/^[1-5]\d\d-[1-5]\d\d$/, statusWords)
      .transform((range): StatusRange => [Number(range.slice(0, 3)), Number(range.slice(4))])
      .refine(([first, last]) => first <= last, "must begin with the lower status"),
  ],
  statusWords,
);

export const healthcheck = z.strictObject({
  path: key(urlPath.optional(), "URL path that `web` answers when it is well.", { shown: "URL path" }),
  http_method: key(z.enum(["GET", "HEAD"], "must be GET or HEAD").optional(), "With `path`: how it is asked.", {
    standard: "`GET`",
  }),
  expected_status: key(
    z
      .union(
        [
          expectedStatus.transform((one): readonly StatusRange[] => [one]),
          z.array(expectedStatus).min(1, "must not be empty").max(20, "has more than 20 entries"),
        ],
        statusWords,
      )
      .optional(),
    'With `path`: what it must answer: a status (`204`), a range (`"200-299"`) or a list of them.',
    { standard: '`"200-399"`', shown: "status, range or list" },
  ),
  command: key(
    command.optional(),
    "A command that ends with 0 when the app is well. It runs in the app's folder with its environment: for each `web` instance with that one's `PORT` and `HOP3_SOCKET`, and for an app without `web` once, without them. `PROC_TYPE` is `probe.1`, by the instance's number.",
    { shown: "command" },
  ),
  socket: key(
    z.literal(true, "must be true").optional(),
    "`true`: `web` is well when it takes a connection, whatever it speaks.",
    { shown: "true" },
  ),
  timeout: key(seconds(probeTimeoutMax).optional(), "Seconds for one try.", { standard: "10" }),
  start_period: key(
    seconds(startPeriodMax, true).optional(),
    "Seconds from the first try in which failures do not count.",
    { standard: "10" },
  ),
  interval: key(
    seconds(86_400).optional(),
    "The longest wait between two tries, in seconds. The first is at most half a second, and each one is twice the one before.",
    { standard: "2" },
  ),
  retries: key(
    z.int("must be a whole number").min(1).max(100).optional(),
    "How often more it is tried after a failure that counts.",
    { standard: "3" },
  ),
  success_threshold: key(
    z.int("must be a whole number").min(1).max(100).optional(),
    "Successes in a row that make it well.",
    { standard: "1" },
  ),
  http_path: notBuilt("URL path", "Use `path`."),
  failure_threshold: notBuilt("integer", "Use `retries`."),
});
