/** The platform in memory knows no users: the tests of these routes have a store (test/integration/identity). */
import { AppError } from "#core/errors.ts";

const none = async (): Promise<never> => {
  throw new AppError("UNAVAILABLE", "The platform in memory has no users.");
};

export const noIdentity = {
  logIn: none,
  logInTotp: none,
  logInPassword: none,
  logOut: none,
};
