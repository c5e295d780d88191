/** Did-you-mean for apps: an app that does not exist is answered with the nearest name on the server. */
import { didYouMean } from "#core/app-config/did-you-mean.ts";
import { AppError } from "#core/errors.ts";
import type { Client } from "./client.ts";

/** Milliseconds that a client should be given for it: the error itself must not wait long for its hint. */
export const nearestAppPatience = 1500;

/** The same error, with a hint where there is a near name. Never rejects. */
export async function withNearestApp(refusal: AppError, client: Client, app: string): Promise<AppError> {
  const near = didYouMean(app, await namesOf(client));
  if (near === undefined) return refusal;
  const { code, message, details, cause } = refusal;
  return new AppError(code, message, { hint: `Did you mean ${near}?`, details, cause });
}

async function namesOf(client: Client): Promise<string[]> {
  try {
    return (await client.call("listApps", {})).apps.map(({ app }) => app);
  } catch {
    return [];
  }
}
