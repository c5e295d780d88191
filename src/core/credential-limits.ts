/** Numbers of ways to log in that server and client must agree on, and that docs/security/identity.md states. */

/** Shortest and longest password, in bytes of UTF-8 after normalisation (NFKC). */
export const passwordMin = 12;
export const passwordMax = 1024;

/** How many recovery codes are made at a time. */
export const recoveryCodes = 10;
