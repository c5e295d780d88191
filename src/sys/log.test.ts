import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "#core/errors.ts";
import { openLog, type LogLevel } from "./log.ts";

function listen(level?: LogLevel) {
  const lines: string[] = [];
  const log = openLog({
    name: "hop3d",
    stream: { write: (line) => lines.push(line) },
    ...(level === undefined ? {} : { level }),
  });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "null") as Record<string, unknown> };
}

test("a line is one JSON object with time, level, name, message and facts", () => {
  const { log, lines, last } = listen();
  log.info("deploy began", { app: "blog", deploy: 3 });
  assert.equal(lines.length, 1);
  assert.ok(lines[0]?.endsWith("}\n"));
  const { time, ...rest } = last();
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 10_000);
  assert.deepEqual(rest, {
    level: "info",
    name: "hop3d",
    pid: process.pid,
    app: "blog",
    deploy: 3,
    msg: "deploy began",
  });
});

test("a line of a child has its facts too; a level below the chosen one is not written", () => {
  const { log, lines, last } = listen("warn");
  log.child({ app: "blog" }).warn("slow", { ms: 5 });
  assert.equal(last()["app"], "blog");
  assert.equal(last()["ms"], 5);
  log.info("not written");
  log.debug("not written");
  assert.equal(lines.length, 1);
});

test("an error is written with its code, details and causes, and not with what drivers hang on it", () => {
  const { log, lines, last } = listen();
  const cause = Object.assign(new Error("duplicate"), {
    code: "23505",
    detail: "Key (value)=(canary-1)",
    client: { password: "canary-2" },
  });
  log.error("failed", { error: new AppError("CONFLICT", "no", { cause, details: ["one"] }) });
  const error = last()["error"] as Record<string, unknown>;
  assert.equal(error["code"], "CONFLICT");
  assert.deepEqual(error["details"], ["one"]);
  assert.equal((error["cause"] as Record<string, unknown>)["code"], "23505");
  assert.ok(!lines.join("").includes("canary"));
});

test("an error whose causes go in a circle ends", () => {
  const { log, last } = listen();
  const error = new Error("round");
  error.cause = error;
  log.error("failed", { error });
  assert.equal(last()["msg"], "failed");
});

test("what has the name or the form of a secret is not written, wherever it stands", () => {
  const { log, lines } = listen();
  const token = `hop3_${"aB3-_".repeat(9).slice(0, 43)}`;
  log.info(`login with ${token}`, {
    headers: { authorization: "canary-3" },
    password: "canary-4",
    a: { b: { token: "canary-5" } },
  });
  log
    .child({ note: `x ${token}` })
    .warn("connect to postgres://hop3:canary-6@db/hop3", { text: "Authorization: Bearer canary-77.abc" });
  log.error("failed", { error: new Error(`bad ${token}`, { cause: new Error("redis://:canary-8@host") }) });
  const text = lines.join("");
  assert.ok(!text.includes("canary"), text);
  assert.ok(!text.includes(token), text);
  assert.ok(text.includes("postgres://hop3:[secret]@db/hop3"));
  for (const line of lines) JSON.parse(line);
});
