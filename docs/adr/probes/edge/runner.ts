// Moves an app's traffic 50 times between instances and 20 times between 1 and 4 of them, under load, by each
// way the edge could do it, and prints one table.
// Run: node runner.ts [WAY...] [--transport unix|tcp] [--caddy PATH] [--haproxy PATH]
//   WAY is one of: files files-nopool files-frozen files-undrained admin haproxy     (none: all of them)
//   The programs default to CADDY and HAPROXY of the environment, then to `caddy` and `haproxy`.
//   EDGE_VERBOSE=1 shows Caddy's errors. Exits 2 on bad usage, 1 when a run breaks.
import { parseArgs } from "node:util";
import { play, type Plan } from "./scenario.ts";
import { switchByAdmin } from "./switch-admin.ts";
import { switchByFiles } from "./switch-files.ts";
import { switchByHaproxy } from "./switch-haproxy.ts";
import type { Setup, Switcher } from "./switcher.ts";
import { errorsOf, type Row, table, tally } from "./tally.ts";

const POOLED = { enabled: true, idle_timeout: "1s", max_idle_conns_per_host: 256 };
const UNPOOLED = { enabled: false };
const FULL = { switches: 50, scales: 20, drains: true, freezeMs: 0 };

interface Way {
  readonly proxy: "caddy" | "haproxy";
  readonly plan: Omit<Plan, "transport">;
  make(setup: Setup): Promise<Switcher>;
}
const WAYS: Readonly<Record<string, Way>> = {
  files: { proxy: "caddy", plan: FULL, make: (setup) => switchByFiles("files", setup, POOLED) },
  "files-nopool": { proxy: "caddy", plan: FULL, make: (setup) => switchByFiles("files-nopool", setup, UNPOOLED) },
  "files-frozen": {
    proxy: "caddy",
    plan: { ...FULL, switches: 15, scales: 0, freezeMs: 3000 },
    make: (setup) => switchByFiles("files-frozen", setup, POOLED),
  },
  "files-undrained": {
    proxy: "caddy",
    plan: { ...FULL, switches: 15, scales: 0, drains: false },
    make: (setup) => switchByFiles("files-undrained", setup, POOLED),
  },
  admin: { proxy: "caddy", plan: FULL, make: (setup) => switchByAdmin("admin", setup, POOLED) },
  haproxy: { proxy: "haproxy", plan: FULL, make: (setup) => switchByHaproxy("haproxy", setup) },
};

function usage(problem: string): never {
  console.error(problem);
  console.error("usage: node runner.ts [WAY...] [--transport unix|tcp] [--caddy PATH] [--haproxy PATH]");
  process.exit(2);
}

function readArguments(): {
  ways: string[];
  transports: Array<"unix" | "tcp">;
  binaries: Record<Way["proxy"], string>;
} {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { transport: { type: "string" }, caddy: { type: "string" }, haproxy: { type: "string" } },
    });
    const unknown = positionals.find((way) => WAYS[way] === undefined);
    if (unknown !== undefined) return usage(`no such way: ${unknown}`);
    const { transport } = values;
    if (transport !== undefined && transport !== "unix" && transport !== "tcp")
      return usage("--transport is unix or tcp");
    return {
      ways: positionals.length > 0 ? positionals : Object.keys(WAYS),
      transports: transport === undefined ? ["unix", "tcp"] : [transport],
      binaries: {
        caddy: values.caddy ?? process.env["CADDY"] ?? "caddy",
        haproxy: values.haproxy ?? process.env["HAPROXY"] ?? "haproxy",
      },
    };
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
}

const { ways, transports, binaries } = readArguments();
const rows: Array<readonly [string, Row]> = [];
for (const name of ways) {
  const way = WAYS[name];
  if (way === undefined) continue;
  for (const transport of transports) {
    const run = `${name} ${transport}`;
    try {
      const outcome = await play({ ...way.plan, transport }, binaries[way.proxy], way.make);
      rows.push([run, tally(outcome)]);
      console.error(`${run} done`);
      for (const line of errorsOf(outcome)) console.error(`  ${line}`);
    } catch (error) {
      console.error(`${run} broke:`, error);
      process.exitCode = 1;
    }
  }
}
console.log(table(rows));
