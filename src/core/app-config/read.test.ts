import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../errors.ts";
import { readAppSpec } from "./read.ts";
import { memoryFiles } from "./testing.ts";

/** The error that an app of these files gives. */
function refusal(contents: Record<string, string | null>): AppError {
  try {
    readAppSpec(memoryFiles(contents));
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: "the app was not refused" });
}

const toml = (text: string) => ({ "hop3.toml": text });

test("an app that says nothing gets defaults", () => {
  const spec = readAppSpec(memoryFiles({}));
  assert.equal(spec.startTimeout, 60);
  assert.equal(spec.directory, ".");
  assert.equal(spec.build.toolchain, undefined);
  assert.deepEqual(spec.processes, {});
});

test("hop3.toml wins over the Procfile, process by process", () => {
  const spec = readAppSpec(
    memoryFiles({
      "hop3.toml": '[build]\nbuild = ["make", "make install"]\n[run]\nstart = "new"\n[run.workers]\nmail = "m"\n',
      Procfile: "web: old\nworker: w\nbuild: b\nprebuild: p\nrelease: r\n",
    }),
  );
  assert.deepEqual(spec.processes, { web: "new", worker: "w", mail: "m" });
  assert.deepEqual(spec.build.build, ["make && make install"]);
  assert.deepEqual(spec.build.before, ["p"]);
  assert.deepEqual(spec.hooks, { release: "r" });
});

test("files in hop3/ are found, and the same file in both places is refused", () => {
  assert.deepEqual(readAppSpec(memoryFiles({ "hop3/Procfile": "web: x" })).processes, { web: "x" });
  assert.equal(refusal({ "hop3/Procfile": "web: x", Procfile: "web: x" }).code, "INVALID_PROCFILE");
});

test("all problems of hop3.toml are told at once, with lines and a did-you-mean", () => {
  const error = refusal(
    toml('[metadata]\nid = "Blog"\n[build]\nbuid = "x"\n[rnu]\nx = 1\n[run]\nstart-timeout = -1\n'),
  );
  assert.equal(error.code, "INVALID_CONFIG");
  assert.deepEqual(
    error.details.map((line) => line.replace(/ (must have|must be) .*/, " $1")),
    [
      "hop3.toml:2: `metadata.id` must have",
      "hop3.toml:4: `build.buid` is not a key of hop3.toml; did you mean `build`?",
      "hop3.toml:5: `rnu` is not a key of hop3.toml; did you mean `run`?",
      "hop3.toml:8: `run.start-timeout` must be",
    ],
  );
});

test("what the supervisor would refuse is refused here, by name", () => {
  const details = (text: string) => refusal(toml(text)).details;
  assert.deepEqual(details("[run]\nstart-timeout = 601\n"), [
    "hop3.toml:2: `run.start-timeout` must be at most 600 seconds.",
  ]);
  for (const [value, says] of [
    ["-1", "must be at least 0."],
    ["3601", "must be at most 3600 seconds."],
    ['"5m"', "must be a number of seconds."],
  ]) {
    assert.deepEqual(details(`[run]\nkeep-warm = ${value}\n`), [`hop3.toml:2: \`run.keep-warm\` ${says}`]);
  }
  assert.equal(readAppSpec(memoryFiles(toml("[run]\nkeep-warm = 0\n"))).keepWarm, 0);
  const lines = Array.from({ length: 4 }, () => JSON.stringify(`echo ${"x".repeat(4000)}`));
  assert.deepEqual(details(`[build]\nbuild = [${lines.join(", ")}]\n`), [
    "hop3.toml:2: `build.build` is longer than 8192 characters.",
  ]);
  const many = Array.from({ length: 51 }, (_, index) => `worker${index}: x`).join("\n");
  assert.equal(refusal({ Procfile: many }).code, "INVALID_CONFIG");
});

test("what is known and not built is refused by name, never ignored", () => {
  for (const text of [
    '[[addons]]\ntype = "postgres"',
    "[nix]",
    "[waf]",
    "[build]\npackages = ['git']",
    "[build]\nbuilder = 'docker'",
    "[domains]\nlist = ['_']",
    "[env]\nA = {from = 'pg', key = 'PGHOST'}",
    "[env]\nA = {external_ip = true}",
    "[healthcheck]\npath = '/'\nhttp_path = '/'",
    "[deploy]\nstrategy = 'canary'",
  ]) {
    assert.equal(refusal(toml(text)).code, "NOT_BUILT_YET", text);
  }
  assert.match(refusal(toml("[[addons]]")).message, /`addons` is not built yet/);
});

test("a wrong value beside something not built is a wrong value", () => {
  const error = refusal(toml("[nix]\n[run]\nstart = 1\n"));
  assert.equal(error.code, "INVALID_CONFIG");
  assert.equal(error.details.length, 2);
});

test("[metadata], [test] and [cli] are accepted", () => {
  const text =
    '[metadata]\nid = "blog"\ntags = ["a"]\n[test]\npriority = "P0"\n[[test.validations]]\npath = "/"\n[cli]\napp = "blog"\n';
  assert.equal(readAppSpec(memoryFiles(toml(text))).id, "blog");
});

test("directories that lead out of the app are refused", () => {
  for (const path of ["../x", "/etc", "a/../../b", "a\\u0000b", "", "a\\\\b"]) {
    assert.equal(refusal(toml(`[static]\n"/x" = "${path}"\n`)).code, "INVALID_CONFIG", path);
    assert.equal(refusal(toml(`[build]\ndirectory = "${path}"\n`)).code, "INVALID_CONFIG", path);
  }
  assert.equal(refusal({ Procfile: "static: ../x" }).code, "INVALID_PROCFILE");
  assert.equal(refusal(toml('[static]\n"x" = "y"\n')).code, "INVALID_CONFIG");
  assert.equal(refusal(toml('[static]\n"/a/../b" = "y"\n')).code, "INVALID_CONFIG");
});

test("static paths are normalised and joined", () => {
  const spec = readAppSpec(
    memoryFiles({ ...toml('[run.static]\n"/a/" = "./x/"\n[static]\n"/b" = "y"\n'), Procfile: "static: public/" }),
  );
  assert.deepEqual(spec.staticPaths, { "/": "public", "/a": "x", "/b": "y" });
});

test("a Procfile's problems are told with their lines", () => {
  const error = refusal({ Procfile: "# c\nweb: p\nfoo\nBar: x\nweb: q\nempty:\nwsgi: a:b\n" });
  assert.equal(error.code, "INVALID_PROCFILE");
  assert.deepEqual(
    error.details.map((line) => line.split(" ")[0]),
    ["Procfile:3:", "Procfile:4:", "Procfile:5:", "Procfile:6:", "Procfile:7:"],
  );
});

test("cron jobs come from both files, as often as the app has them", () => {
  const spec = readAppSpec(
    memoryFiles({
      "hop3.toml":
        '[[cron]]\nname = "nightly"\nschedule = "30  2 * * mon-fri"\ncommand = ["a", "b"]\ntimezone = "Europe/Berlin"\noverlap = "replace"\ntimeout = 90\n[[cron]]\nname = "tidy"\nschedule = "@hourly"\ncommand = "c"\n',
      Procfile: 'web: x\ncron: */5 * * * *  python  jobs.py "a  b"\ncron: @daily ./backup\n',
    }),
  );
  const standard = { timeZone: "UTC", overlap: "forbid", timeout: 3600 };
  assert.deepEqual(spec.cron, [
    {
      name: "nightly",
      schedule: "30 2 * * mon-fri",
      command: "a && b",
      timeZone: "Europe/Berlin",
      overlap: "replace",
      timeout: 90,
    },
    { ...standard, name: "tidy", schedule: "@hourly", command: "c" },
    { ...standard, name: "job-1", schedule: "*/5 * * * *", command: 'python  jobs.py "a  b"' },
    { ...standard, name: "job-2", schedule: "@daily", command: "./backup" },
  ]);
  assert.deepEqual(spec.processes, { web: "x" });
  assert.equal("cron" in readAppSpec(memoryFiles({ Procfile: "web: x" })), false);
});

test("a bad cron job is refused with its own line and what is wrong", () => {
  const good = '[[cron]]\nname = "a"\nschedule = "@daily"\ncommand = "x"\n';
  const second = (lines: string) => refusal(toml(`${good}[[cron]]\n${lines}\n`)).details;
  assert.deepEqual(second('name = "b"\nschedule = "61 * * * *"\ncommand = "x"'), [
    'hop3.toml:7: `cron[1].schedule` has "61" as its minute, which is not from 0 to 59.',
  ]);
  assert.deepEqual(second('name = "b"\nschedule = "0 0 30 2 *"\ncommand = "x"\ntimezone = "Mars/Base"'), [
    "hop3.toml:7: `cron[1].schedule` never comes: no month that it names has such a day.",
    "hop3.toml:9: `cron[1].timezone` is not a time zone such as Europe/Berlin, or not known to this server.",
  ]);
  assert.deepEqual(second('name = "a"\nschedule = "@daily"\ncommand = "x"'), [
    "hop3.toml:6: `cron[1].name` is the name of job 1 too.",
  ]);
  assert.match(second('name = "b"\nschedul = "@daily"\ncommand = "x"').join("\n"), /:7: .* did you mean `schedule`\?/);
  assert.match(
    second('name = "b"\nschedule = "@daily"\ncommand = "x"\noverlap = "queue"').join(""),
    /:9: .*forbid, allow/,
  );
  assert.match(second('name = "b"\nschedule = "@daily"\ncommand = "x"\ntimeout = 86401').join(""), /at most 86400/);
  assert.equal(refusal(toml('cron = "x"\n')).code, "INVALID_CONFIG");
  assert.equal(refusal({ ...toml(good.replace('"a"', '"job-1"')), Procfile: "cron: @daily x" }).code, "INVALID_CONFIG");
  const many = Array.from({ length: 51 }, () => "cron: @daily x").join("\n");
  assert.equal(refusal({ Procfile: many }).code, "INVALID_CONFIG");

  const lines = refusal({
    Procfile: "web: x\ncron: * * * * * x\ncron: 99 * * * * x\ncron: @noon x\ncron: 1 2 3\ncron: @daily\ncron:\n",
  });
  assert.equal(lines.code, "INVALID_PROCFILE");
  assert.deepEqual(
    lines.details.map((line) => line.replace(/(The schedule of `cron` has|is none of) .*/, "$1")),
    [
      "Procfile:3: The schedule of `cron` has",
      "Procfile:4: The schedule of `cron` is none of",
      "Procfile:5: The schedule of `cron` has",
      "Procfile:6: `cron` has no command after its schedule.",
      "Procfile:7: The schedule of `cron` has",
    ],
  );
});

test("a Procfile may name a Python callable instead of a web process", () => {
  const spec = readAppSpec(memoryFiles({ Procfile: "asgi: shop.main:app\r\n" }));
  assert.deepEqual(spec.serve, { interface: "asgi", target: "shop.main:app" });
  assert.equal(refusal({ Procfile: "wsgi: shop.main; rm -rf /" }).code, "INVALID_PROCFILE");
  assert.equal(refusal({ Procfile: "wsgi: $(id):app" }).code, "INVALID_PROCFILE");
});

test("the ENV file gives values and templates, and [env] wins over it", () => {
  const spec = readAppSpec(
    memoryFiles({
      ENV: "A=1\nB=$A/x\nC='$A'\nD=\"two words\"\nE=\n",
      "hop3.toml":
        '[env]\nA = 2\nF = {generate = "hex", length = 16}\nG = {from = "app", key = "domain"}\n_policy = "override"\n[env.computed]\nH = "${A}"\n',
    }),
  );
  assert.deepEqual(spec.env, [
    { name: "B", kind: "computed", template: "$A/x" },
    { name: "C", kind: "value", value: "$A" },
    { name: "D", kind: "value", value: "two words" },
    { name: "E", kind: "value", value: "" },
    { name: "A", kind: "value", value: "2" },
    { name: "F", kind: "generate", format: "hex", length: 16 },
    { name: "G", kind: "app", key: "domain" },
    { name: "H", kind: "computed", template: "${A}" },
  ]);
  assert.equal(spec.envPolicy, "override");
});

test("a malformed ENV line is an error with its line, and shows no value", () => {
  const error = refusal({ ENV: "A=ok\nhunter2\nB-C=hunter2\nD='hunter2\n" });
  assert.equal(error.code, "INVALID_ENV_FILE");
  assert.deepEqual(
    error.details.map((line) => line.split(" ")[0]),
    ["ENV:2:", "ENV:3:", "ENV:4:"],
  );
  assert.doesNotMatch(`${error.message}${error.details.join("")}`, /hunter2/);
});

test("an error of TOML shows no value either", () => {
  const error = refusal(toml('[env]\nPASSWORD = "hunter2\n'));
  assert.equal(error.code, "INVALID_CONFIG");
  assert.match(error.message, /^hop3\.toml:2: /);
  assert.doesNotMatch(`${error.message}${error.details.join("")}`, /hunter2/);
});

test("HOST_NAME gives domains, and excludes [domains]", () => {
  assert.deepEqual(readAppSpec(memoryFiles({ ENV: "HOST_NAME=A.example.com, b.example.com" })).domains, [
    "a.example.com",
    "b.example.com",
  ]);
  assert.equal(refusal(toml('[env]\nHOST_NAME = "a.b"\n[domains]\nlist = ["c.d"]\n')).code, "INVALID_CONFIG");
  assert.equal(refusal({ ENV: "HOST_NAME=a b" }).code, "INVALID_DOMAIN");
});

test("description files that are links, too large, or no text are refused", () => {
  for (const name of ["hop3.toml", "Procfile", "ENV"]) {
    for (const content of [null, "#".repeat(300 * 1024), "a\ufffd", "a\0"]) {
      assert.match(refusal({ [name]: content }).code, /^INVALID_(CONFIG|PROCFILE|ENV_FILE)$/);
    }
  }
});

test("names of JavaScript's own objects are plain keys", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    assert.equal(refusal(toml(`[${name}]\nx = 1\n`)).code, "INVALID_CONFIG", name);
  }
});

test("a health check is one of a path, a command and a socket, and each thing is said once", () => {
  const check = (text: string) => readAppSpec(memoryFiles(toml(`[healthcheck]\n${text}`))).healthcheck;
  const tries = { timeout: 10, startPeriod: 10, interval: 2, retries: 3, successThreshold: 1 };
  const http = { kind: "http", path: "/up", method: "GET", expected: [[200, 399]] };
  assert.deepEqual(check("path = '/up'"), { probe: http, ...tries });
  assert.deepEqual(readAppSpec(memoryFiles(toml("[run]\nhealthcheck = '/up'\n[healthcheck]\nstart_period = 0"))), {
    ...readAppSpec(memoryFiles({})),
    healthcheck: { probe: http, ...tries, startPeriod: 0 },
  });
  assert.deepEqual(check("path = '/up'\nexpected_status = '200-204'")?.probe, { ...http, expected: [[200, 204]] });
  const several = "path = '/up'\nexpected_status = [418, '200-299']";
  assert.deepEqual(check(several)?.probe, {
    ...http,
    expected: [
      [418, 418],
      [200, 299],
    ],
  });
  assert.deepEqual(check("command = 'x'")?.probe, { kind: "command", command: "x" });
  assert.deepEqual(check("socket = true")?.probe, { kind: "socket" });
  const refused: Readonly<Record<string, RegExp>> = {
    "timeout = 1": /hop3.toml:1: `healthcheck` needs one of `path`, `command` and `socket`/,
    "path = '/'\ncommand = 'x'": /:3: `healthcheck.command` and `healthcheck.path` exclude each other/,
    "command = 'x'\nsocket = true": /:3: `healthcheck.socket` and `healthcheck.command` exclude/,
    "socket = true\n[run]\nhealthcheck = '/'": /`healthcheck.socket` and `run.healthcheck` exclude/,
    "path = '/'\n[run]\nhealthcheck = '/'": /:4: `run.healthcheck` and `healthcheck.path` say the same/,
    "socket = false": /`healthcheck.socket` must be true/,
    "command = 'x'\nhttp_method = 'GET'": /:3: `healthcheck.http_method` needs `healthcheck.path`/,
    "socket = true\nexpected_status = 204": /:3: `healthcheck.expected_status` needs/,
    "path = '/'\nhttp_method = 'POST'": /must be GET or HEAD/,
    "path = '/'\nexpected_status = 99": /must be a status such as 204/,
    "path = '/'\nexpected_status = '204'": /must be a status such as 204/,
    "path = '/'\nexpected_status = '299-200'": /must be|must begin/,
    "path = '/'\nexpected_status = []": /must not be empty|must be a status/,
    "path = '/'\nstart_period = -1": /must be at least 0/,
    "path = '/'\nsuccess_threshold = 0": /success_threshold/,
  };
  for (const [text, words] of Object.entries(refused)) {
    const error = refusal(toml(`[healthcheck]\n${text}\n`));
    assert.equal(error.code, "INVALID_CONFIG", text);
    assert.match(error.details.join("\n") || error.message, words, text);
  }
});
