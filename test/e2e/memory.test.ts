/**
 * A host whose memory ends during a build. The host is a control group that has the whole platform in it; who may make none
 * is told why the test is not run.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { protocolVersion } from "#supervisor/protocol.ts";
import { deployLive, eventually } from "./apps.ts";
import { makeMemoryGroup } from "./faulty/memory-group.ts";
import { remainsOf, unrest } from "./faulty/remains.ts";
import { watchEdge } from "./faulty/watch-edge.ts";
import { startPlatform, type RunningPlatform } from "./platform.ts";

const megabyte = 1024 * 1024;
const host = 1024 * megabyte;

/**
 * Holds half of the host's memory: more than is left for the build, so that by size alone the kernel would end this app and
 * not the build.
 */
const sound = `import http.server, os
held = b"x" * ${host / 2}
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"sound")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`;

/** Takes memory without bound, and has a child in a session of its own that would live on. */
const greedy = `import subprocess
subprocess.Popen(["sleep", "1000"], start_new_session=True)
held = []
while True:
    held.append(b"x" * ${8 * megabyte})
`;

const builds: readonly (readonly [how: string, line: string])[] = [
  ["in its one process", "exec python3 greedy.py"],
  ["in a child of its shell", "python3 greedy.py; exit $?"],
];

test("a build that eats the memory of the whole host dies alone, and is told of it", async (t) => {
  const group = makeMemoryGroup(host);
  if (typeof group === "string") return t.skip(group);
  let platform: RunningPlatform | undefined;
  try {
    platform = await startPlatform({
      supervisor: join(import.meta.dirname, "faulty/grouped-supervisor.ts"),
      env: { TEST_MEMORY_GROUP: group.processes },
    });
    const on = platform;
    const write = (name: string, files: Readonly<Record<string, string>>) => {
      const dir = join(on.base, "apps", name);
      mkdirSync(dir, { recursive: true });
      for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
      return dir;
    };
    await deployLive(on, write("sound", { Procfile: "web: exec python3 serve.py\n", "serve.py": sound }), "sound");
    const before = await pidsOf(on);
    const watching = Array.from({ length: 2 }, () => watchEdge(on.edge("sound")));
    try {
      for (const [how, line] of builds) {
        const dir = write("greedy", {
          Procfile: `build: ${line}\nweb: exec python3 -m http.server $PORT\n`,
          "greedy.py": greedy,
        });
        const killed = group.killed();
        const ended = await on.deploy(dir, "greedy");
        assert.ok(ended.outcome === "failed", how);
        const { code, message } = ended.error;
        assert.equal(code, "BUILD_FAILED", `${how}: ${message}`);
        assert.match(message, /exit status 137: it was killed, as the kernel does when the server's memory ends/);
        assert.ok(group.killed() > killed, `${how}: the kernel has killed nobody`);
        let wrong: string | undefined;
        const rest = async () => (wrong = await unrest(on)) === undefined;
        await eventually("the platform is at rest", rest).catch(() => assert.fail(wrong));
        assert.deepEqual(remainsOf(on, "greedy"), { trees: [], releases: [] }, how);
      }
      await Promise.all(watching.map((watch) => watch.stop(["sound"])));
    } finally {
      for (const watch of watching) watch.abandon();
    }
    assert.deepEqual(await pidsOf(on), before);
    // The room that the build has left is there for the next one.
    await deployLive(
      on,
      write("modest", { Procfile: "build: true\nweb: exec python3 -m http.server $PORT\n" }),
      "modest",
    );
  } finally {
    await platform?.stop();
    await group.remove();
  }
});

/** Of the supervisor, its services and the instances that serve, by name. */
async function pidsOf({ supervisor }: RunningPlatform): Promise<Readonly<Record<string, number | null>>> {
  const { apps, services } = await supervisor.call("status", {});
  const { pid } = await supervisor.call("hello", { protocol: protocolVersion });
  return Object.fromEntries([
    ["supervisor", pid],
    ...services.map((service) => [service.name, service.pid]),
    ...apps.flatMap(({ app, instances }) => instances.map((one) => [`${app} ${one.type}.${one.index}`, one.pid])),
  ]);
}
