/** What users see while an app is deployed, restarted and scaled again and again: nothing. Clients do not retry. */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, test } from "node:test";
import { deployLive } from "./apps.ts";
import { startPlatform } from "./platform.ts";

const apps = join(import.meta.dirname, "../fixtures/apps");
let running: ReturnType<typeof startPlatform> | undefined;
const platform = () => (running ??= startPlatform());
after(async () => (await running)?.stop());

for (const [kind, fixture] of [
  ["a unix socket", "generic-procfile-unix"],
  ["a TCP port", "generic-shell"],
] as const) {
  test(`no request fails while an app on ${kind} is deployed, restarted, reloaded and scaled`, async () => {
    const on = await platform();
    const name = `load-${fixture}`;
    await deployLive(on, join(apps, fixture), name);
    const load = startLoad(on.settings.httpPort, `${name}.localhost`);
    for (let round = 0; round < 3; round += 1) {
      await deployLive(on, join(apps, fixture), name);
      await on.api("POST", `/apps/${name}/restart`);
    }
    for (const web of [3, 1]) {
      await on.api("PATCH", `/apps/${name}/processes`, { scale: { web } });
      await on.api("POST", `/apps/${name}/reload`);
    }
    await assert.rejects(
      on.api("PATCH", `/apps/${name}/processes`, { scale: { web: 13 } }),
      /12 web instances at most/,
    );
    const { answered, failures } = await load.stop();
    assert.deepEqual(failures, []);
    assert.ok(answered > 100, `only ${answered} requests were made`);
  });
}

/**
 * Milliseconds between two requests of a client. As fast as they can, four clients leave tens of thousands of connections
 * behind that are over, and every test beside this one would read them in the kernel's table.
 */
const between = 10;

/** Four keep-alive clients, each with one request at a time, until `stop`. */
function startLoad(port: number, host: string): { stop(): Promise<{ answered: number; failures: string[] }> } {
  let going = true;
  let answered = 0;
  const failures: string[] = [];
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (going) {
      const outcome = await ask(port, host, agent);
      if (outcome === "200") answered += 1;
      else failures.push(outcome);
      await delay(between);
    }
    agent.destroy();
  };
  const clients = Promise.all(Array.from({ length: 4 }, client));
  return {
    async stop() {
      going = false;
      await clients;
      return { answered, failures };
    },
  };
}

/** The status, or the error's code. */
function ask(port: number, host: string, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    request({ host: "127.0.0.1", port, path: "/", headers: { Host: host }, agent, timeout: 20_000 }, (response) => {
      response.resume();
      response.on("error", (error) => resolve(error.message));
      response.on("end", () => resolve(String(response.statusCode)));
    })
      .on("error", (error) => resolve(error.message))
      .on("timeout", () => resolve("timeout"))
      .end();
  });
}
