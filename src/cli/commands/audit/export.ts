import { defineCommand } from "../../define-command.ts";

export const auditExport = defineCommand({
  path: ["audit", "export"],
  category: "Server",
  summary: "The server's whole audit log with its hashes, to be kept elsewhere",
  about: [
    "One JSON object a line: first what the file is and the hash of the last event, then each event as it is stored. `hop3 audit verify FILE` checks it without a server.",
    "Keep the hash of the last event where nobody who can write to the server can: it is what a log that was made anew is found by.",
  ],
  examples: ["hop3 audit export > audit.ndjson"],
  positionals: [],
  flags: [],
  seeAlso: ["audit verify", "events"],
  async run(context) {
    const client = await context.api();
    let after = 0;
    let end: number | undefined;
    do {
      const { head, events } = await client.call("exportAudit", { query: { after: String(after) } });
      if (end === undefined) {
        end = head.seq;
        const from = { server: client.server.url, exportedAt: new Date().toISOString() };
        await context.emit(JSON.stringify({ format: "hop3-audit", version: 1, ...from, events: end, head: head.hash }));
      }
      // What was written meanwhile is beyond the head.
      const rows = events.filter(({ seq }) => seq <= (end ?? 0));
      for (const row of rows) await context.emit(JSON.stringify(row));
      // A log with its end cut off has none where it should: the file shows it, too.
      if (rows.length === 0) break;
      after = rows.at(-1)?.seq ?? after;
    } while (after < end);
    return { summary: `${end} events` };
  },
});
