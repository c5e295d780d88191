/** The platform in memory has no single sign-on: the tests of these routes have a provider (test/oidc). */
import { AppError } from "#core/errors.ts";

const none = async (): Promise<never> => {
  throw new AppError("UNAVAILABLE", "The platform in memory has no single sign-on.");
};

export const noSso = {
  beginSso: none,
  finishSso: none,
  beginDevice: async () => ({
    login: "hop3l_test",
    userCode: "ABCD-EFGH",
    verificationUri: "https://id.example.com/device",
    verificationUriComplete: null,
    wait: 5,
    expiresAt: "2026-01-02T03:04:05.000Z",
  }),
  askDevice: none,
  beginLink: none,
  finishLink: none,
  listIdentities: none,
  linkIdentity: none,
  unlinkIdentity: none,
};
