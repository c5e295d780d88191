/** Numbers of ways to log in that server and client must agree on, and that docs/security/identity.md states. */

/** Shortest and longest password, in bytes of UTF-8 after normalisation (NFKC). */
export const passwordMin = 12;
export const passwordMax = 1024;

/** Longest life of a token, and the one that it has unless something else is said, in days. */
export const tokenDaysMax = 366;
export const tokenDaysStandard = 90;

/** Most tokens of one user that are neither revoked nor expired. */
export const tokensMax = 100;

/** Seconds without use after which a session ends, and its longest life. */
export const sessionIdleSeconds = 7 * 24 * 3600;
export const sessionSeconds = 30 * 24 * 3600;

/** Most sessions of one user; the one that was used longest ago ends for a new one. */
export const sessionsMax = 50;

/** Seconds that a login may stay half finished, and how many tries it has. */
export const loginSeconds = 5 * 60;
export const loginTries = 5;

/** Days for which a one-time password is good. */
export const oneTimePasswordDays = 7;

/** How many recovery codes are made at a time. */
export const recoveryCodes = 10;

/** SSH keys of one user. */
export const sshKeysMax = 50;

/** Most address ranges of one token. */
export const addressRangesMax = 50;
