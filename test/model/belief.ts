/** What the model knows of one app: which desires are possible after what was asked and answered. */
import { served, textOf, type AppVerb, type Desire } from "./desire.ts";

export type Answered = "served" | "refused" | "lost";

/** Refused for what instances do at that moment, or because another verb of the app changed what it stands on. */
const mayBeRefused = ["await", "cutover", "renew", "swap"];

export class Belief {
  /** By their text. */
  possible: ReadonlyMap<string, Desire> = new Map([[textOf(null), null]]);
  /** Two verbs at once: what comes of them is looked up when they are over. */
  isUnsure = false;
  /** Instances that have closed their socket and go on running. */
  readonly deaf = new Set<string>();
  /** Kills of its instances since it was last found at rest. */
  kills = 0;
  /** A renewal may wait to be swapped in. */
  mayBeFresh = false;
  /** Releases of which instances may still be there though nobody asks for them any more. */
  readonly lingering = new Set<number>();
  #underWay = 0;

  /** Says that a verb is asked; what is returned takes the answer. Throws when that cannot be. */
  asked(asked: AppVerb): (how: Answered, why?: string) => void {
    if (this.#underWay > 0) this.isUnsure = true;
    this.#underWay += 1;
    if (asked.verb === "renew") this.mayBeFresh = true;
    if (asked.verb === "retire") this.lingering.add(asked.release);
    if (asked.verb === "cutover" || asked.verb === "forget" || asked.verb === "stop") this.#leavesReleases();
    return (how, why = "") => {
      this.#underWay -= 1;
      if (!this.isUnsure) this.#learn(asked, how, why);
    };
  }

  supervisorDied(): void {
    this.mayBeFresh = false;
  }

  killed(): void {
    this.kills += 1;
  }

  /** It was found at rest, as this. */
  found(desire: Desire): void {
    this.possible = new Map([[textOf(desire), desire]]);
    this.isUnsure = this.#underWay > 0;
    this.kills = 0;
  }

  #learn(asked: AppVerb, how: Answered, why: string): void {
    const next = new Map<string, Desire>();
    const add = (desire: Desire): void => void next.set(textOf(desire), desire);
    for (const before of this.possible.values()) {
      const after = served(before, asked);
      if (how !== "refused" && after !== undefined) add(after.after);
      if (how === "served") continue;
      const isTaken = asked.verb === "start" && this.lingering.has(asked.release);
      if (how === "lost" || after === undefined || isTaken || mayBeRefused.includes(asked.verb)) add(before);
      // Two steps: nothing is to run, then nothing is known.
      if (how === "lost" && asked.verb === "forget") add(served(before, { verb: "stop" })?.after ?? before);
    }
    if (next.size === 0) {
      const known = [...this.possible.keys()].join(" or ");
      throw new Error(`${JSON.stringify(asked)} was ${how} of an app with ${known}: ${why}`);
    }
    this.possible = next;
  }

  #leavesReleases(): void {
    for (const desire of this.possible.values())
      for (const release of Object.keys(desire?.groups ?? {})) this.lingering.add(Number(release));
  }
}
