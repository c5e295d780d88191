/** Wakes waiters of a topic in this process. It carries no data: a woken waiter reads the store, which alone is true. */

export type Signals = {
  notify(topic: string): void;
  /** Resolves at the next notify, after `ms`, or when the signal is aborted, whichever is first. */
  wait(topic: string, ms: number, signal: AbortSignal): Promise<void>;
};

export function createSignals(): Signals {
  const waiting = new Map<string, Set<() => void>>();
  return {
    notify(topic) {
      for (const wake of waiting.get(topic) ?? []) wake();
    },
    wait(topic, ms, signal) {
      return new Promise((resolve) => {
        const waiters = waiting.get(topic) ?? new Set();
        waiting.set(topic, waiters);
        const wake = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", wake);
          waiters.delete(wake);
          if (waiters.size === 0 && waiting.get(topic) === waiters) waiting.delete(topic);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiters.add(wake);
        signal.addEventListener("abort", wake, { once: true });
        if (signal.aborted) wake();
      });
    },
  };
}
