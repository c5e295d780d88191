import { randomInt } from "node:crypto";

export function newId(taken: (id: string) => boolean): string {
  for (;;) {
    const id = Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("");
    if (!taken(id)) return id;
  }
}
