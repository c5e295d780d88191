import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";
import { defineCommand, type Outcome } from "../../define-command.ts";

export const auditVerify = defineCommand({
  path: ["audit", "verify"],
  category: "Server",
  summary: "Whether the audit log is whole: no event changed, removed, put in or moved",
  about: [
    "Without FILE the server walks its own log. With FILE, or - for stdin, what `hop3 audit export` wrote is checked here, and no server is asked.",
    "Whoever can write to the database could make the whole log anew. Such a one is found by --head: a hash of it that you have noted elsewhere before. Exit status 1 when it is not whole.",
  ],
  examples: [
    "hop3 audit verify",
    "hop3 audit verify audit.ndjson",
    "hop3 audit verify --head 0000000000000000000000000000000000000000000000000000000000000000",
  ],
  positionals: [{ name: "file", summary: "What `hop3 audit export` wrote", required: false }],
  flags: [
    { name: "head", value: "HASH", summary: "A hash of the log, noted before: the log must still go through it" },
  ],
  seeAlso: ["audit export", "events"],
  async run(context) {
    const head = context.flag("head");
    if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) {
      throw new AppError("USAGE", `${quote(head)} is no hash of the audit log.`, {
        hint: "It has 64 characters, 0 to 9 and a to f; `hop3 audit verify` shows it.",
      });
    }
    const file = context.arg("file");
    if (file === undefined) {
      const query = head === undefined ? {} : { head };
      const said = await (await context.api()).call("verifyAudit", { query });
      return outcomeOf({ ok: said.ok, seq: said.seq, head: said.head?.hash ?? null, why: said.why });
    }
    // Loaded here: hashing is of no use to any other command.
    const { verifyFile } = await import("../../verify-file.ts");
    return outcomeOf(await verifyFile(file, context.terminal, head));
  },
});

type Verdict = {
  readonly ok: boolean;
  readonly seq: number;
  readonly head: string | null;
  readonly why: string | null;
};

function outcomeOf(verdict: Verdict): Outcome {
  const { ok, seq, head, why } = verdict;
  if (ok) return { data: verdict, text: `The log is whole: ${seq} events. Its head is ${head ?? "-"}` };
  return { data: verdict, text: `The log is NOT whole: event ${seq}: ${why ?? ""}.`, exit: 1 };
}
