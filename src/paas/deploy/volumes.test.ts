import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppLimits, WholeLimits } from "#core/app-limits.ts";
import type { VolumeSpec } from "#core/volume.ts";
import type { SupervisorClient } from "#supervisor/client.ts";
import { refuseVolumes } from "./volumes.ts";

const mebi = 1024 * 1024;
const scratch = (size: number, name = "scratch"): VolumeSpec => ({
  name,
  target: name,
  mode: "rw",
  type: "tmpfs",
  bytes: size * mebi,
});

function ask(mode: "user" | "system", volumes: readonly VolumeSpec[], limits?: AppLimits, ceiling: WholeLimits = {}) {
  const supervisor = { call: async () => ({ ceiling }), close: () => undefined } as unknown as SupervisorClient;
  const spec = { volumes, ...(limits === undefined ? {} : { limits }) };
  return refuseVolumes({ mode, supervisor, stopping: new AbortController().signal }, spec);
}
const refused = (message: RegExp) => ({ code: "VOLUME_UNAVAILABLE", message });

test("user mode has volumes that are kept and written, and no others", async () => {
  const kept: VolumeSpec = { name: "media", target: "media", mode: "rw", type: "persist" };
  await ask("user", [kept]);
  await assert.rejects(
    ask("user", [kept, { ...kept, mode: "ro" }]),
    refused(/media is read-only, which needs system mode/),
  );
  await assert.rejects(ask("user", [scratch(8)]), refused(/scratch is a tmpfs/));
  await ask("system", [kept, { ...kept, name: "fixed", mode: "ro" }, scratch(8)]);
});

test("memory of all tmpfs volumes together is less than the least that a process of the app has, or the server gives", async () => {
  const both = [scratch(20, "a"), scratch(12, "b")];
  const limits = (whole: number, worker: number) => ({
    app: { memory: whole * mebi },
    types: { worker: { memory: worker * mebi }, web: {} },
  });
  await ask("system", both, limits(64, 33));
  await assert.rejects(ask("system", both, limits(64, 32)), refused(/may take 32M of memory, .* the 32M that it has/));
  await assert.rejects(ask("system", both, limits(16, 16)), refused(/not less than the 16M/));
  await assert.rejects(ask("system", both, undefined, { memory: 32 * mebi }), refused(/not less than the 32M/));
  await ask("system", both, undefined, { memory: 33 * mebi });
});
