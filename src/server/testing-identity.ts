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
  changePassword: none,
  proposeTotp: none,
  confirmTotp: none,
  disableTotp: none,
  renewRecoveryCodes: none,
  listOwnTokens: none,
  createOwnToken: none,
  revokeOwnToken: none,
  listOwnSessions: none,
  endOwnSession: none,
  endOwnSessions: none,
  listUsers: none,
  showUser: none,
  addUser: none,
  removeUser: none,
  disableUser: none,
  enableUser: none,
  setRole: none,
  resetPassword: none,
  resetTotp: none,
  listUserTokens: none,
  createUserToken: none,
  revokeUserToken: none,
  listUserSessions: none,
  endUserSession: none,
  endUserSessions: none,
  listGroups: none,
  showGroup: none,
  createGroup: none,
  destroyGroup: none,
  addMember: none,
  removeMember: none,
  listAccess: none,
  grantAccess: none,
  revokeAccess: none,
};
