/** At most so many builds at a time on the whole server: each takes a processor and memory that the apps need. */

export type BuildTurns = {
  /**
   * Runs `work` when there is a place, in the order in which they came; `onWait` is awaited first when there is none yet.
   * Rejects with the signal's reason when it is aborted before.
   */
  run<Result>(work: () => Promise<Result>, signal: AbortSignal, onWait: () => Promise<void>): Promise<Result>;
};

export function createBuildTurns(places: number): BuildTurns {
  let free = places;
  const waiting: (() => void)[] = [];
  const turn = (signal: AbortSignal): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const take = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(signal.reason as Error);
      };
      waiting.push(take);
      signal.addEventListener("abort", leave, { once: true });
    });
  };
  return {
    async run(work, signal, onWait) {
      if (free === 0) await onWait();
      signal.throwIfAborted();
      await turn(signal);
      try {
        return await work();
      } finally {
        // The place goes from hand to hand: nobody who comes now overtakes those who wait.
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
