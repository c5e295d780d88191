/** Does what a plan says, by the public API, an app after the other. Each step can be repeated; what failed is named. */
import { type AppError, type ErrorCode, toAppError } from "#core/errors.ts";
import type { Client } from "../client.ts";
import type { Progress } from "../progress.ts";
import type { Missing } from "./compare.ts";

export type CarriedOut = {
  readonly app: string;
  readonly created: boolean;
  readonly variables: number;
  readonly domains: readonly string[];
  /** What was not done, and why; empty when all was. */
  readonly failed: readonly { readonly what: string; readonly code: ErrorCode; readonly message: string }[];
};

/** After one of these nothing that follows can go better. */
const fatal: ReadonlySet<ErrorCode> = new Set([
  "UNREACHABLE",
  "UNAUTHENTICATED",
  "CANCELED",
  "STORE_FAILED",
  "DISK_FULL",
]);

/** Variables of one request: the server takes 1000, and 1 MiB of JSON. */
const batchNames = 500;
const batchBytes = 512 * 1024;

/** Never throws: what came of each app is told, those that were not begun among them. */
export async function carryOut(client: Client, plan: readonly Missing[], progress: Progress): Promise<CarriedOut[]> {
  const done: CarriedOut[] = [];
  let ended: AppError | undefined;
  for (const missing of plan) {
    if (ended !== undefined) {
      const failed = [{ what: "everything", code: ended.code, message: "Not begun: what came before it failed." }];
      done.push({ app: missing.app.name, created: false, variables: 0, domains: [], failed });
      continue;
    }
    progress.step(`Importing ${missing.app.name}`);
    const { result, stop } = await carryOutOne(client, missing);
    done.push(result);
    ended = stop;
    if (result.failed.length === 0) progress.done(result.app);
    else progress.failed(result.app);
  }
  return done;
}

async function carryOutOne(client: Client, missing: Missing): Promise<{ result: CarriedOut; stop?: AppError }> {
  const { app, exists } = missing;
  const params = { app: app.name };
  const failed: { what: string; code: ErrorCode; message: string }[] = [];
  const domains: string[] = [];
  let variables = 0;
  let created = false;
  const result = (stop?: AppError) => ({
    result: { app: app.name, created, variables, domains, failed },
    ...(stop === undefined ? {} : { stop }),
  });
  /** False when nothing that follows makes sense; with `stop` set when that goes for the other apps, too. */
  let stop: AppError | undefined;
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (thrown) {
      const error = toAppError(thrown);
      failed.push({ what, code: error.code, message: error.message });
      if (fatal.has(error.code)) stop = error;
      return false;
    }
  };
  if (!exists) {
    const made = await attempt("the app itself", async () => {
      ({ created } = await client.call("createApp", { params }));
    });
    if (!made) return result(stop);
  }
  for (const batch of batches(missing)) {
    const count = Object.keys(batch).length;
    const what =
      count === 1 ? `variable ${Object.keys(batch)[0]}` : `${count} variables (${Object.keys(batch)[0]} and others)`;
    if (await attempt(what, () => client.call("changeEnv", { params, body: { set: batch } }))) variables += count;
    if (stop !== undefined) return result(stop);
  }
  for (const domain of missing.domains) {
    if (await attempt(`domain ${domain}`, () => client.call("addDomain", { params, body: { domain } })))
      domains.push(domain);
    if (stop !== undefined) return result(stop);
  }
  return result();
}

function batches({ app, variables }: Missing): Record<string, string>[] {
  const all: Record<string, string>[] = [];
  let bytes = batchBytes;
  let count = batchNames;
  for (const name of variables) {
    const value = app.variables.get(name) ?? "";
    // As JSON a character may take six bytes.
    const size = JSON.stringify(value).length * 3;
    if (count >= batchNames || bytes + size > batchBytes) {
      all.push({});
      bytes = 0;
      count = 0;
    }
    (all.at(-1) as Record<string, string>)[name] = value;
    bytes += size;
    count += 1;
  }
  return all;
}
