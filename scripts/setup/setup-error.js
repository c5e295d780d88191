/** A set-up that cannot go on: what failed, and what the person can do about it. */
export class SetupError extends Error {
  /**
   * @param {string} what
   * @param {string} todo
   */
  constructor(what, todo) {
    super(`${what}\n${todo}`);
  }
}
