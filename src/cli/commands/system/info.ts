import { defineCommand } from "../../define-command.ts";
import { facts, localTime, table } from "../../render.ts";

export const systemInfo = defineCommand({
  path: ["system", "info"],
  category: "Server",
  summary: "Version, mode and services of the server",
  examples: ["hop3 system info"],
  positionals: [],
  flags: [],
  seeAlso: ["system logs"],
  async run(context) {
    const info = await (await context.api()).call("systemInfo", {});
    const text = facts([
      ["version", info.version],
      ["mode", info.mode],
      ["host", `${info.hostname} (${info.platform}, Node ${info.node})`],
      ["started", localTime(info.startedAt)],
      ["root", info.root],
      ["api", info.api],
      ["edge", `${info.edge.kind} on port ${info.edge.httpPort}`],
      ["apps", info.apps],
      ...info.notes.map((note) => ["note", note] as const),
    ]);
    const rows = info.services.map((one) => [
      one.name,
      one.state,
      `${one.pid ?? "-"}`,
      localTime(one.since),
      `${one.restarts}`,
    ]);
    return { data: info, text: `${text}\n\n${table(["SERVICE", "STATE", "PID", "SINCE", "RESTARTS"], rows)}` };
  },
});
