/** What a stream brought and nobody has asked for yet: a queue whose reader waits, but never longer than a deadline. */
export type Inbox<T> = {
  push(item: T): void;
  /** Nothing more will come; who waits is told why. */
  end(reason: Error): void;
  /** The next item. Rejects after `timeoutMs`, or with the reason once the inbox has ended and is empty. */
  next(timeoutMs: number): Promise<T>;
};

export function createInbox<T>(what: string): Inbox<T> {
  const items: T[] = [];
  const waiting: { resolve: (item: T) => void; reject: (reason: Error) => void }[] = [];
  let ended: Error | undefined;
  return {
    push(item) {
      const first = waiting.shift();
      if (first === undefined) items.push(item);
      else first.resolve(item);
    },
    end(reason) {
      ended ??= reason;
      for (const { reject } of waiting.splice(0)) reject(ended);
    },
    next(timeoutMs) {
      const [item] = items.splice(0, 1);
      if (item !== undefined) return Promise.resolve(item);
      if (ended !== undefined) return Promise.reject(ended);
      return new Promise((resolve, reject) => {
        const reader = {
          resolve(arrived: T) {
            clearTimeout(timer);
            resolve(arrived);
          },
          reject(reason: Error) {
            clearTimeout(timer);
            reject(reason);
          },
        };
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(reader), 1);
          reject(new Error(`No ${what} came within ${timeoutMs} ms.`));
        }, timeoutMs);
        waiting.push(reader);
      });
    },
  };
}
