/** One thing at a time for each app: a deploy, a restart, a change of scale or environment waits for the one before it. */

export type AppQueue = {
  /** Runs `work` when all earlier work on this app has ended; other apps are not held up. */
  run<Result>(app: string, work: () => Promise<Result>): Promise<Result>;
  /** Resolves when nothing is running or waiting. */
  idle(): Promise<void>;
};

export function createAppQueue(): AppQueue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(app, work) {
      const before = tails.get(app) ?? Promise.resolve();
      const result = before.then(work, work);
      // The tail never rejects: the failure belongs to the caller alone.
      const tail = result
        .then(
          () => undefined,
          () => undefined,
        )
        .finally(() => {
          if (tails.get(app) === tail) tails.delete(app);
        });
      tails.set(app, tail);
      return result;
    },
    async idle() {
      while (tails.size > 0) await Promise.all(tails.values());
    },
  };
}
