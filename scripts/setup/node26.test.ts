/** How the front process stands before Node 26: one signal for one Ctrl-C, the exit status as it was. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { it } from "node:test";
import { node26Environment } from "./node26.js";

/** A process that runs `program` through runNode26, in a process group of its own, as a terminal makes one. */
function front(program: string) {
  const code = `
    import { runNode26 } from ${JSON.stringify(join(import.meta.dirname, "node26.js"))};
    process.exitCode = await runNode26(["-e", ${JSON.stringify(program)}]);
  `;
  return spawn(process.execPath, ["--input-type=module", "-e", code], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Reads until `text` has come. */
async function until(child: ReturnType<typeof front>, text: string): Promise<void> {
  for (let seen = ""; !seen.includes(text); seen += String((await once(child.stdout, "data"))[0]));
}

it("passes the exit status on", async () => {
  const [code] = await once(front("process.exit(42)"), "close");
  assert.equal(code, 42);
});

it("says 128 + the signal for a child that was killed", async () => {
  const [code] = await once(front("process.kill(process.pid, 'SIGKILL')"), "close");
  assert.equal(code, 137);
});

it("gives the child one SIGINT when the terminal and npm both send one", async () => {
  const program =
    "let n = 0; process.on('SIGINT', () => { n += 1; setTimeout(() => process.exit(n), 200); }); console.log('up'); setInterval(() => {}, 1000)";
  const child = front(program);
  await until(child, "up");
  process.kill(-(child.pid ?? 0), "SIGINT");
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  assert.equal(code, 1);
});

it("keeps what an outer npm set for its own package from Node 26, and the registry's settings for it", () => {
  const before = { ...process.env };
  Object.assign(process.env, {
    npm_config_nodedir: "/usr",
    npm_package_name: "other",
    npm_config_registry: "http://registry.invalid/",
  });
  try {
    const env: NodeJS.ProcessEnv = node26Environment();
    assert.equal(env["npm_config_nodedir"], undefined);
    assert.equal(env["npm_package_name"], undefined);
    assert.equal(env["npm_config_registry"], "http://registry.invalid/");
    assert.match(env["PATH"] ?? "", /^[^:]*node-linux-[a-z0-9]+\/bin:/);
  } finally {
    for (const name of ["npm_config_nodedir", "npm_package_name", "npm_config_registry"]) delete process.env[name];
    Object.assign(process.env, before);
  }
});
