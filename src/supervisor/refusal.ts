import type { RefusalCode } from "./protocol.ts";

/** A request that the supervisor will not serve. The message is for `hop3d` and the log; it quotes what the caller sent. */
export class Refusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = "Refusal";
    this.code = code;
  }
}
