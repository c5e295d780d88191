import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryFiles } from "#core/app-config/testing.ts";
import { AppError } from "#core/errors.ts";
import { builders } from "#plugins/index.ts";
import { detect } from "./detect.ts";

const tools = { uv: "/uv", python: "/python", node: "/node", npm: "/npm" };
const detected = (files: Readonly<Record<string, string>>) => detect(memoryFiles(files), builders, tools);

const flask = { "app.py": "from flask import Flask\napp = Flask(__name__)\n", "requirements.txt": "flask\n" };
const server = { "package.json": '{"scripts": {"start": "node x.js"}}' };
const site = { "index.html": "<p>" };

describe("a setting that the builder of the app does not obey", () => {
  const refused: Readonly<Record<string, readonly [Record<string, string>, RegExp]>> = {
    "pip-install of a Node app": [
      { ...server, "hop3.toml": '[build]\npip-install = ["gunicorn"]\n' },
      /^\[build\] pip-install means nothing where the node builder builds/,
    ],
    "node-version of a Python app": [
      { ...flask, "hop3.toml": "[build]\nnode-version = 22\n" },
      /^\[build\] node-version means nothing where the python builder builds/,
    ],
    "node-version of commands": [
      { "hop3.toml": '[build]\nnode-version = 22\n[run]\nstart = "./serve"\n' },
      /^\[build\] node-version means nothing where the generic builder builds/,
    ],
    "a callable in a Node app": [
      { ...server, Procfile: "wsgi: app:app\n", "hop3.toml": '[build]\ntoolchain = "node"\n' },
      /^The Procfile's `wsgi` means nothing where the node builder builds/,
    ],
    "a health check of a site": [{ ...site, "hop3.toml": '[healthcheck]\npath = "/"\n' }, /no `web` process to ask/],
    "a health command of a site": [
      { ...site, "hop3.toml": '[healthcheck]\ncommand = "true"\n' },
      /no process to ask after/,
    ],
    "a socket of workers": [
      { Procfile: "worker: ./work\n", "hop3.toml": "[healthcheck]\nsocket = true\n" },
      /no `web` process to ask/,
    ],
    "a health check of workers": [
      { Procfile: "worker: ./work\n", "hop3.toml": '[run]\nhealthcheck = "/"\n' },
      /no `web` process to ask/,
    ],
    "a restart policy of a process that is not there": [
      { Procfile: "worker: ./work\n", "hop3.toml": '[run.restart]\nwroker = "never"\n' },
      /^\[run\.restart\] names "wroker"/,
    ],
    "keep-warm of workers": [
      { Procfile: "worker: ./work\n", "hop3.toml": "[run]\nkeep-warm = 60\n" },
      /^\[run\] keep-warm means nothing without a `web` process/,
    ],
  };
  for (const [what, [files, words]] of Object.entries(refused)) {
    it(`is refused: ${what}`, () => {
      assert.throws(
        () => detected(files),
        (error) => error instanceof AppError && error.code === "INVALID_CONFIG" && words.test(error.message),
      );
    });
  }

  it("is in force where the right one builds", () => {
    const python = detected({
      ...flask,
      "hop3.toml": '[build]\npip-install = ["gunicorn"]\n[healthcheck]\npath = "/"\n',
    });
    assert.ok(python.plan.steps.some(({ argv }) => argv.includes("gunicorn")));
    const worker = detected({ Procfile: "worker: ./work\n", "hop3.toml": '[healthcheck]\ncommand = "./ask"\n' });
    assert.equal(worker.spec.healthcheck?.probe.kind, "command");
    const node = detected({ ...server, "hop3.toml": "[build]\nnode-version = 22\n" });
    assert.deepEqual(node.plan.runtimes[0], { name: "node", range: "22" });
    assert.match(detected({ ...flask, Procfile: "asgi: app:app\n" }).plan.processes["web"] ?? "", /granian.* app:app$/);
  });
});
