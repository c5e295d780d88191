/**
 * The deploys of this process that have not ended: which of them may still be taken back. Memory alone: what a predecessor
 * left half done is undone or finished by recover.ts, and nobody cancels it.
 */
import { AppError } from "#core/errors.ts";

/** What a cancel came to: it will end canceled; it is past its cut-over and serves; it is ending by itself. */
export type Canceling = "accepted" | "serves" | "ending";

/** The end of a deploy that was canceled. */
export function cancelError(message: string): AppError {
  return new AppError("CANCELED", message, { hint: "What served before serves on." });
}

export class UnderWay {
  readonly app: string;
  readonly deploy: number;
  /** An upload, and not a change of settings, which no later upload takes the place of. */
  readonly isUpload: boolean;
  /** Aborted when it is canceled, or when hop3d stops. */
  readonly signal: AbortSignal;
  /** Resolves when it has ended, or hop3d stops. */
  readonly done: Promise<void>;
  /** An older build that it brings back, which must not be removed meanwhile. */
  needsBuild: number | null = null;
  readonly #canceling = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #phase: "begun" | "waits" | "serves" | "ending" = "begun";
  #hasBegun = false;
  #canceled: AppError | undefined;
  #giveUp: (() => void) | undefined;
  readonly #forget: () => void;

  constructor(app: string, deploy: number, isUpload: boolean, stopping: AbortSignal, forget: () => void) {
    this.app = app;
    this.deploy = deploy;
    this.isUpload = isUpload;
    this.signal = AbortSignal.any([stopping, this.#canceling.signal]);
    this.done = this.#ended.promise;
    this.#forget = forget;
  }

  /** Why it is canceled, if it is: whatever it fails with then, this is its end. */
  get canceled(): AppError | undefined {
    return this.#canceled;
  }

  /** False until its turn in the line: then what runs of the app is not its own. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** It has its place in the app's line. `giveUp` is called, once, if it is canceled before its turn, and must end it. */
  wait(giveUp: () => void): void {
    this.#phase = "waits";
    this.#giveUp = giveUp;
    if (this.#canceled !== undefined) giveUp();
  }

  /** Its turn has come. False when it was canceled meanwhile: then it never begins. */
  begin(): boolean {
    if (this.#canceled !== undefined) return false;
    this.#phase = "begun";
    this.#hasBegun = true;
    return true;
  }

  /** What a cancel would come to now. */
  get canceling(): Canceling {
    return this.#phase === "serves" || this.#phase === "ending" ? this.#phase : "accepted";
  }

  /** Of two cancels the first one's message counts. */
  cancel(message: string): Canceling {
    const { canceling } = this;
    if (canceling !== "accepted" || this.#canceled !== undefined) return canceling;
    this.#canceled = cancelError(message);
    this.#canceling.abort(this.#canceled);
    if (this.#phase === "waits") this.#giveUp?.();
    return "accepted";
  }

  /** Throws CANCELED once it is canceled. */
  goOn(): void {
    if (this.#canceled !== undefined) throw this.#canceled;
  }

  /** The point of no return: from here on no cancel is accepted. Throws CANCELED when one was before. */
  commit(): void {
    this.goOn();
    this.#phase = "serves";
  }

  /** Its end is known and is being recorded. */
  settle(): void {
    this.#phase = "ending";
  }

  end(): void {
    this.#phase = "ending";
    this.#forget();
    this.#ended.resolve();
  }
}

export type DeploysUnderWay = {
  add(app: string, deploy: number, isUpload: boolean): UnderWay;
  get(app: string, deploy: number): UnderWay | undefined;
  /** Of one app, oldest first. */
  of(app: string): UnderWay[];
};

export function createDeploysUnderWay(stopping: AbortSignal): DeploysUnderWay {
  const found = new Map<string, UnderWay>();
  const key = (app: string, deploy: number): string => `${app} ${deploy}`;
  return {
    add(app, deploy, isUpload) {
      const one = new UnderWay(app, deploy, isUpload, stopping, () => found.delete(key(app, deploy)));
      found.set(key(app, deploy), one);
      return one;
    },
    get: (app, deploy) => found.get(key(app, deploy)),
    of: (app) => [...found.values()].filter((one) => one.app === app).toSorted((a, b) => a.deploy - b.deploy),
  };
}
