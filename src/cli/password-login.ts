/** The conversation of a login with user name and password, until there is a session. */
import type { ResponseOf } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import { AppError } from "#core/errors.ts";
import type { Client } from "./client.ts";
import type { SecretAnswers } from "./secret-answers.ts";

type Step = ResponseOf<Routes["logIn"]>;

/** The session's secret. Throws what the server answers. */
export async function logInWithPassword(client: Client, user: string, answers: SecretAnswers): Promise<string> {
  const password = await answers.next(`Password of ${user}: `, "the password");
  return completeLogin(client, await client.call("logIn", { body: { user, password } }), answers);
}

/** From any step to the session's secret, by whatever is still asked for. */
export async function completeLogin(client: Client, begun: Step, answers: SecretAnswers): Promise<string> {
  let step = begun;
  while (step.secret === null) step = await goOn(client, step, answers);
  return step.secret;
}

async function goOn(client: Client, { needs, login }: Step, answers: SecretAnswers): Promise<Step> {
  if (login === null) throw new AppError("UNREACHABLE", "The server's answer makes no sense.");
  if (needs === "totp") {
    const code = await answers.next("Code of the authenticator, or a recovery code: ", "the authenticator's code");
    return client.call("logInTotp", { body: { login, code } });
  }
  if (needs === "password") {
    const password = await answers.chosen("This password was for one login. New password: ", "the new password");
    return client.call("logInPassword", { body: { login, password } });
  }
  throw new AppError("UNREACHABLE", "The server asks for something that this hop3 does not know.", {
    hint: "Install the version of hop3 that the server has.",
  });
}
