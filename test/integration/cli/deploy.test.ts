import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { extract } from "tar-stream";
import { AppError } from "#core/errors.ts";
import { commandLine, hop3 } from "./command-line.ts";

async function untar(tar: Buffer): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of Readable.from([tar]).pipe(
    extract() as unknown as NodeJS.ReadWriteStream & AsyncIterable<never>,
  )) {
    const { header } = entry as { header: { name: string; type: string; linkname: string; mode: number } };
    let text = "";
    for await (const chunk of entry as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString();
    found[header.name] = header.type === "symlink" ? `-> ${header.linkname}` : `${header.mode.toString(8)} ${text}`;
  }
  return found;
}

function project(home: string, name: string): string {
  const folder = join(home, name);
  mkdirSync(join(folder, "sub/node_modules"), { recursive: true });
  writeFileSync(join(folder, "index.html"), "<h1>hello</h1>");
  writeFileSync(join(folder, "sub/empty"), "");
  writeFileSync(join(folder, "run.sh"), "#!/bin/sh");
  chmodSync(join(folder, "run.sh"), 0o755);
  writeFileSync(join(folder, "sub/node_modules/x.js"), "no");
  writeFileSync(join(folder, "secret.log"), "no");
  writeFileSync(join(folder, "hop3.toml"), '[build]\nignore = ["*.log"]\n');
  symlinkSync("../index.html", join(folder, "sub/link"));
  return folder;
}

test("a deploy uploads the directory without what is ignored, and prints the URL alone on stdout", async (context) => {
  const { run, home, platform } = await commandLine(context);
  const folder = project(home, "My Site");
  const { exitCode, stdout, stderr } = await run(["deploy", "-e", "KEY=s3cret"], { cwd: folder });
  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout, "http://my-site.localhost:8080\n");
  assert.match(
    stderr,
    /as my-site \(named by the directory's name\)[^]*copying\n[^]*created and deployed as release 1\.\n$/,
  );
  assert.doesNotMatch(stderr, /s3cret/);
  assert.ok(!stderr.includes("\u001b"), "no colours where there is no terminal");
  assert.equal(platform.apps.get("my-site")?.env["KEY"], "s3cret");
  assert.deepEqual(await untar(platform.uploaded), {
    "hop3.toml": '644 [build]\nignore = ["*.log"]\n',
    "index.html": "644 <h1>hello</h1>",
    "run.sh": "755 #!/bin/sh",
    sub: "755 ",
    "sub/empty": "644 ",
    "sub/link": "-> ../index.html",
  });
});

test("a dry run shows the plan and changes nothing", async (context) => {
  const { run, home, platform } = await commandLine(context);
  const folder = project(home, "site");
  const { exitCode, stdout } = await run(["deploy", folder, "--dry-run"]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /site \(new\)[^]*copy: cp -r \.[^]*SECRET \(user\)[^]*site\.localhost/);
  assert.ok(!platform.apps.has("site"));
});

test("a failed deploy ends with the status of its error and says it on stderr", async (context) => {
  const { run, home, platform } = await commandLine(context);
  const folder = project(home, "site");
  platform.failDeploy = new AppError("BUILD_FAILED", "The step `copy` failed.");
  const plain = await run(["deploy"], { cwd: folder });
  assert.equal(plain.exitCode, 8);
  assert.equal(plain.stdout, "");
  assert.match(plain.stderr, /hop3: The step `copy` failed\.\n {2}`hop3 app build-logs --app site`/);
  const json = await run(["deploy", "--json"], { cwd: folder });
  assert.equal(json.stderr, "");
  assert.equal(json.envelope().error.code, "BUILD_FAILED");
});

test("what cannot be uploaded is refused before anything is sent", async (context) => {
  const { run, home, platform } = await commandLine(context);
  const folder = project(home, "site");
  symlinkSync("../../outside", join(folder, "sub/out"));
  const link = await run(["deploy"], { cwd: folder });
  assert.equal(link.exitCode, 2);
  assert.match(link.stderr, /sub\/out.*leads out/);
  assert.equal((await run(["deploy", "nowhere"], { cwd: folder })).exitCode, 2);
  assert.equal((await run(["deploy", "-e", "NOVALUE"], { cwd: folder })).exitCode, 2);
  assert.ok(!platform.apps.has("site"));
});

test("an archive that the server finds too large is its answer, not a broken line", async (context) => {
  const { run, home } = await commandLine(context);
  const folder = project(home, "site");
  writeFileSync(join(folder, "big"), Buffer.alloc(12 * 1024 * 1024));
  const { exitCode, stderr } = await run(["deploy"], { cwd: folder });
  assert.equal(exitCode, 2, stderr);
  assert.match(stderr, /larger than 4194304 bytes/);
});

async function output(child: ChildProcess, stream: "stdout" | "stderr", wanted: RegExp): Promise<string> {
  let text = "";
  const from = child[stream];
  assert.ok(from);
  for await (const chunk of from) {
    text += String(chunk);
    if (wanted.test(text)) break;
  }
  assert.match(text, wanted);
  return text;
}

test("Ctrl-C ends a followed log with 130, and the server sees its client go", async (context) => {
  const { loggedIn, platform } = await commandLine(context);
  const child = spawn(process.execPath, [hop3, "logs", "-f", "-a", "blog"], { env: loggedIn });
  const ended = once(child, "exit");
  await output(child, "stdout", /line 1\n/);
  child.kill("SIGINT");
  assert.deepEqual(await ended, [130, null]);
  for (const deadline = Date.now() + 5000; platform.openStreams > 0;) {
    assert.ok(Date.now() < deadline);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

test("Ctrl-C leaves a deploy running and says how to go on following it", async (context) => {
  const { loggedIn, home } = await commandLine(context, () => ({
    followDeploy: async function* stuck({ signal }) {
      yield { event: "output", data: { line: "compiling", stream: "stdout" }, id: "1" };
      await once(signal, "abort");
    },
  }));
  const folder = project(home, "site");
  const child = spawn(process.execPath, [hop3, "deploy"], { env: loggedIn, cwd: folder });
  const ended = once(child, "exit");
  let text = "";
  child.stderr.on("data", (chunk) => {
    const was = text.includes("compiling");
    text += String(chunk);
    // Once: the words after it must not bring a second one, which may meet a process that is just ending.
    if (!was && text.includes("compiling")) child.kill("SIGINT");
  });
  assert.deepEqual(await ended, [130, null]);
  assert.match(text, /deploy 1 of site goes on[^]*hop3 app build-logs -f --app site/);
});

test("a reader that stops early is no error", async (context) => {
  const { run, loggedIn } = await commandLine(context);
  assert.match((await run(["logs", "--lines", "10000", "-a", "blog"])).stdout, /line 10000\n$/);
  const child = spawn(process.execPath, [hop3, "logs", "--lines", "10000", "-a", "blog"], { env: loggedIn });
  const ended = once(child, "exit");
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  child.stdout.once("data", () => child.stdout.destroy());
  assert.deepEqual(await ended, [0, null]);
  assert.equal(stderr, "");
});

test("a deploy's stream that breaks is resumed after the last event", async (context) => {
  const asked: (number | undefined)[] = [];
  const { run, home } = await commandLine(context, ({ followDeploy }) => ({
    followDeploy: async function* flaky(call) {
      asked.push(call.headers["last-event-id"]);
      for await (const event of followDeploy(call)) {
        yield event;
        // The stream ends without `done`, as when the server restarts.
        if (asked.length === 1 && event.id === "2") return;
      }
    },
  }));
  const folder = project(home, "site");
  const { exitCode, stderr } = await run(["deploy"], { cwd: folder });
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(asked, [undefined, 2]);
  assert.equal(stderr.match(/copying/g)?.length, 1);
});

for (const shell of ["bash", "fish", "zsh"]) {
  test(`the ${shell} completion names every command's words`, async (context) => {
    const { run } = await commandLine(context);
    const { stdout, exitCode } = await run(["completion", shell]);
    assert.equal(exitCode, 0);
    for (const word of ["build-logs", "scale", "destroy", "follow", "token-stdin"])
      assert.ok(stdout.includes(word), word);
  });
}

test("bash completes from the script", async (context) => {
  const { run, home } = await commandLine(context);
  writeFileSync(join(home, "complete.bash"), (await run(["completion", "bash"])).stdout);
  const script = 'source complete.bash; COMP_WORDS=(hop3 app "bu"); COMP_CWORD=2; _hop3; echo "${COMPREPLY[@]}"';
  const child = spawn("bash", ["-c", script], { cwd: home });
  assert.equal((await output(child, "stdout", /\n/)).trim(), "build-logs");
});

test("deploy --replace asks the server for it", async (context) => {
  const asked: boolean[] = [];
  const { run, home } = await commandLine(context, ({ createDeploy }) => ({
    createDeploy: (call) => {
      asked.push(call.query.replace);
      return createDeploy(call);
    },
  }));
  const folder = project(home, "site");
  assert.equal((await run(["deploy"], { cwd: folder })).exitCode, 0);
  assert.equal((await run(["deploy", "--replace"], { cwd: folder })).exitCode, 0);
  assert.deepEqual(asked, [false, true]);
});

test("deploy cancel takes the one that runs, else the newest that waits, or the one that is named", async (context) => {
  const { run, platform } = await commandLine(context);
  const one = (deploy: number, waits: boolean) => ({
    app: "blog",
    deploy,
    state: "running" as const,
    waits,
    step: "build" as const,
    startedAt: "2026-01-02T03:04:05.000Z",
    endedAt: null,
    release: null,
    error: null,
  });
  platform.deploys = [one(9, true), one(8, true), one(7, false)];
  const canceled = async (...words: string[]) => {
    const { exitCode, stderr, envelope } = await run(["deploy", "cancel", ...words, "-a", "blog", "--json"]);
    assert.equal(exitCode, 0, stderr);
    return [envelope().data["deploy"], envelope().data["state"]];
  };
  assert.deepEqual(await canceled(), [7, "canceled"]);
  assert.deepEqual(await canceled(), [9, "canceled"]);
  assert.deepEqual(await canceled("8"), [8, "canceled"]);
  const nothing = await run(["deploy", "cancel", "-a", "blog"]);
  assert.equal(nothing.exitCode, 6);
  assert.match(nothing.stderr, /nothing to cancel: no deploy of blog runs or waits/);
  assert.equal((await run(["deploy", "cancel", "8", "-a", "blog"])).exitCode, 6);
  assert.equal((await run(["deploy", "cancel", "soon", "-a", "blog"])).exitCode, 2);
});
