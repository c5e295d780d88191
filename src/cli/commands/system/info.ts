import type { SystemInfo } from "#core/api/system.ts";
import { defineCommand } from "../../define-command.ts";
import { facts, localTime, size, table } from "../../render.ts";

function disk({ bytes, files, state }: SystemInfo["disk"]): string {
  const left = `${size(bytes.free)} of ${size(bytes.total)} free`;
  const inodes = files === null ? "" : `, ${Math.round((100 * files.free) / files.total)} % of its inodes`;
  const says = { ok: "", low: "; LOW", full: "; FULL: no deploy is taken" };
  return `${left}${inodes}${says[state]}`;
}

function edge({ kind, httpPort, httpsPort }: SystemInfo["edge"]): string {
  return `${kind} on port ${httpPort}${httpsPort === null ? "" : `, HTTPS on ${httpsPort}`}`;
}

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
      ["edge", edge(info.edge)],
      ["apps", info.apps],
      ["disk", disk(info.disk)],
      ...info.disk.own.map(({ name, bytes }) => ["its own", `${name}: ${size(bytes)}`] as const),
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
