import assert from "node:assert/strict";
import { test } from "node:test";
import { readAppSpec } from "#core/app-config/read.ts";
import { memoryFiles } from "#core/app-config/testing.ts";
import { AppError, type ErrorCode } from "#core/errors.ts";
import { findCallable } from "./callable.ts";
import { python } from "./index.ts";

const [builder] = python.builders;
const tools = { uv: "uv", python: "python", node: "node", npm: "npm" };

function plan(contents: Record<string, string | null>) {
  const files = memoryFiles(contents);
  return builder.plan({ files, spec: readAppSpec(files), tools });
}

function refuses(code: ErrorCode, contents: Record<string, string | null>) {
  assert.throws(
    () => plan(contents),
    (error) => error instanceof AppError && error.code === code,
    JSON.stringify(contents).slice(0, 200),
  );
}

const flask = "from flask import Flask\napp = Flask(__name__)\n";
const found = (contents: Record<string, string>) => {
  const callable = findCallable(memoryFiles(contents));
  return callable && `${callable.interface} ${callable.target}${callable.factory ? "()" : ""} ${callable.root}`;
};

test("callables are found in text, in the usual places", () => {
  assert.equal(found({ "app.py": flask }), "wsgi app:app .");
  assert.equal(
    found({ "main.py": "from fastapi import FastAPI\napp = FastAPI(\n  title='x',\n)\n" }),
    "asgi main:app .",
  );
  assert.equal(found({ "src/shop/__init__.py": flask }), "wsgi shop:app src");
  assert.equal(
    found({ "shop/wsgi.py": "from shop import create_app\napplication = create_app()\n" }),
    "wsgi shop.wsgi:application .",
  );
  assert.equal(found({ "app.py": "import flask\nserver = flask.Flask('x')\n" }), "wsgi app:server .");
  assert.equal(
    found({ "shop/__init__.py": "import flask\ndef create_app(config=None):\n  return flask.Flask('x')\n" }),
    "wsgi shop:create_app() .",
  );
  assert.equal(
    found({ "main.py": "from fastapi import FastAPI\ndef create_app() -> FastAPI:\n  ...\n" }),
    "asgi main:create_app() .",
  );
  assert.equal(found({ "app.py": "def app(environ, start_response):\n  ...\n" }), "wsgi app:app .");
  assert.equal(found({ "app.py": "async def app(scope, receive, send):\n  ...\n" }), "asginl app:app .");
  assert.equal(found({ "wsgi.py": "from shop.site import app\n" }), "wsgi wsgi:app .");
  assert.equal(found({ "app.py": "import falcon.asgi\napp = falcon.asgi.App()\n" }), "asgi app:app .");
});

test("what only looks like a callable is none", () => {
  assert.equal(found({ "app.py": "def run():\n    app = Flask(__name__)\n" }), undefined);
  assert.equal(found({ "app.py": "# app = Flask(__name__)\n" }), undefined);
  assert.equal(found({ "app.py": "def create_app(config, db):\n  ...\n" }), undefined);
  assert.equal(found({ "app.py": "parser = ArgumentParser()\napp = open('x')\n" }), undefined);
  assert.equal(found({ "tests/app.py": flask }), undefined);
});

test("reading a callable's file takes time in proportion to its size", () => {
  const started = performance.now();
  for (const text of [
    "a = ".repeat(100_000),
    `app${" ".repeat(200_000)}`,
    "from a ".repeat(50_000),
    `def app(${"a,".repeat(200_000)}`,
  ]) {
    found({ "app.py": text });
  }
  assert.ok(performance.now() - started < 2000);
});

test("Django is served by what its settings say, and its static files are collected", () => {
  const django = {
    "manage.py": 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")',
    "site1/settings.py": 'STATIC_URL = "static/"\nSTATIC_ROOT = BASE_DIR / "collected"\n',
    "site1/wsgi.py": "application = get_wsgi_application()",
    "requirements.txt": "django",
  };
  const made = plan(django);
  assert.match(made.processes["web"] ?? "", /--interface wsgi .* site1\.wsgi:application$/);
  assert.deepEqual(made.steps.at(-1)?.argv, ["{tree}/.venv/bin/python", "manage.py", "collectstatic", "--noinput"]);
  assert.deepEqual(made.staticPaths, { "/static": "collected" });
  const without = plan({ ...django, ENV: "DISABLE_COLLECTSTATIC=1" });
  assert.deepEqual([without.steps.length, without.staticPaths], [made.steps.length - 1, {}]);
});

test("the lock file decides how dependencies are installed", () => {
  const names = (contents: Record<string, string>) =>
    plan({ "app.py": flask, ...contents }).steps.map(({ name }) => name);
  const beside = "uv pip install (beside the app's own)";
  const alone = "Granian in one process";
  assert.deepEqual(names({ "requirements.txt": "flask" }), ["uv venv", "uv pip install -r requirements.txt", alone]);
  assert.deepEqual(names({ "requirements.txt": "-r base.txt", "base.txt": "flask==1 --hash=sha256:ab" }), [
    "uv venv",
    "uv pip install -r requirements.txt",
    beside,
    alone,
  ]);
  assert.deepEqual(names({ "uv.lock": "", "pyproject.toml": "[project]\nname='a'" }), [
    "uv venv",
    "uv sync",
    beside,
    alone,
  ]);
  assert.deepEqual(names({ "uv.lock": '[[package]]\nname = "granian"\n' }), ["uv venv", "uv sync"]);
  const served = (contents: Record<string, string>) => plan({ "app.py": flask, ...contents }).processes["web"];
  assert.match(served({ "uv.lock": '[[package]]\nname = "granian"\n' }) ?? "", /^exec python -m granian --/);
  assert.match(served({ "requirements.txt": "flask" }) ?? "", /^exec python -m hop3_granian --/);
  assert.deepEqual(names({ "poetry.lock": "", "pyproject.toml": "[tool.poetry]" }), [
    "uv venv",
    "poetry export",
    "uv pip install (poetry.lock)",
    beside,
    alone,
  ]);
  assert.deepEqual(names({ "pyproject.toml": "[project]\nname='a'\n[build-system]" }), [
    "uv venv",
    "uv pip install .",
    alone,
  ]);
  refuses("NOT_BUILT_YET", { "app.py": flask, Pipfile: "" });
  refuses("LOCK_MISMATCH", { "app.py": flask, "pyproject.toml": "[tool.poetry]\nname='a'" });
});

test("an app with its own web process gets no server beside it", () => {
  const made = plan({ "requirements.txt": "gunicorn", Procfile: "web: gunicorn x:y" });
  assert.deepEqual(made.processes, {});
  assert.doesNotMatch(JSON.stringify(made.steps), /granian/);
});

test("nothing to serve and nothing to run is said", () => {
  refuses("NOT_DETECTED", { "requirements.txt": "flask" });
  assert.deepEqual(plan({ "requirements.txt": "x", Procfile: "worker: python w.py" }).processes, {});
});

test("the app's Python is asked for in three places", () => {
  const range = (contents: Record<string, string>) => plan({ "app.py": flask, ...contents }).runtimes[0]?.range;
  assert.equal(range({ ".python-version": "3.12.4\n" }), "==3.12.*");
  assert.equal(range({ "runtime.txt": "python-3.11.9" }), "==3.11.*");
  assert.equal(range({ "pyproject.toml": "[project]\nname='a'\nrequires-python='>=3.11, <4'" }), ">=3.11,<4");
  assert.equal(
    range({ "pyproject.toml": "[tool.poetry.dependencies]\npython='^3.10'", "poetry.lock": "" }),
    ">=3.10,<4",
  );
  refuses("INVALID_SOURCE", { "app.py": flask, ".python-version": "--help" });
  refuses("INVALID_SOURCE", { "app.py": flask, "pyproject.toml": "[project]\nrequires-python='$(id)'" });
});

test("a hostile pyproject.toml is one clear error", () => {
  for (const content of [null, "[", "\ufffd", "#".repeat(2_000_000), "project = 1", "[project]\nrequires-python = 3"]) {
    refuses("INVALID_SOURCE", { "app.py": flask, "pyproject.toml": content });
  }
});
