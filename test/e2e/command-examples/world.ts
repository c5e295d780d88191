/**
 * The place where the examples of `hop3 help` are true: a platform with the app `blog`, its directory, and a person who is
 * logged in there. Before each example it is put right again, whatever the one before has done.
 */
import assert from "node:assert/strict";
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { spawn } from "@lydell/node-pty";
import { saveServer, serversFile } from "#cli/context-file.ts";
import { apiPrefix } from "#core/api/prefix.ts";
import { exec } from "#sys/exec.ts";
import { startForge, type Forge } from "../../git-server.ts";
import { eventually } from "../apps.ts";
import { startPlatform, tarOf, type RunningPlatform } from "../platform.ts";

/** What is seen first, and what is typed then, which may depend on all that was said; `\u0003` is Ctrl-C. */
export type Dialogue = readonly (readonly [sees: RegExp, types: string | ((said: string) => string)])[];

export type Ran = { readonly exit: number | null; readonly said: string };

export type World = {
  readonly platform: RunningPlatform;
  /** Has the repository `blog`, with the app on its branch `live`. */
  readonly forge: Forge;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Of the person, remade before each example. */
  readonly home: string;
  /** The app's directory, in which examples run; remade as well. */
  readonly project: string;
  /** Puts app, home and directory right. */
  restore(): Promise<void>;
  /** A line of a shell, as the person types it. With a dialogue at a terminal, else with neither terminal nor input. */
  run(line: string, dialogue?: Dialogue): Promise<Ran>;
  /** Words for `hop3`; fails the test when they fail. What it printed on stdout. */
  hop3(...words: readonly string[]): Promise<string>;
  /** A deploy of `blog` whose build goes on until it is canceled; its number. */
  beginSlowDeploy(): Promise<number>;
  stop(): Promise<void>;
};

const repository = join(import.meta.dirname, "../../..");

/** Milliseconds for one example. */
const patience = 60_000;

const app: Readonly<Record<string, string>> = {
  "hop3.toml":
    '[metadata]\nid = "blog"\n\n[run]\nstart = "exec python3 serve.py"\n\n[run.workers]\nworker = "echo at work; exec sleep 100000"\n\n' +
    '[[cron]]\nname = "nightly"\nschedule = "@daily"\ncommand = "echo tidied"\n',
  "serve.py": `import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_): pass
print("Traceback: none, this app is well", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
`,
  "manage.py":
    'import sys\nprint(sys.argv[1], "done")\nif sys.argv[1] == "load": print(len(sys.stdin.read()), "characters")\n',
  "report.sh": '#!/bin/sh\necho "depth,$DEPTH"\n',
};

/** Of the person's copy of it. */
const contexts =
  '\n[contexts.staging]\nserver = "local"\n\n[contexts.production]\nserver = "local"\nprotected = true\n';

/** Beside the app. */
const ownFiles: Readonly<Record<string, string>> = {
  ".env": "LANG=de\nDATABASE_URL=sqlite:blog.db\n",
  "dump.json": "[]\n",
  "site/index.html": "<h1>blog</h1>\n",
};

const env = { DATABASE_URL: "sqlite:blog.db", DEBUG: "1", LANG: "de" };

/** Of the user `ada`, whom preparations.ts makes. */
export const passwordOfAda = "ada has a long password";

export async function makeWorld(): Promise<World> {
  const platform = await startPlatform({ env: { HOP3_SOURCE_NETWORKS: "127.0.0.0/8" } });
  const forge = await startForge();
  forge.commit("blog", app, "live");
  const url = platform.apiUrl.replace(apiPrefix, "");
  const home = join(platform.base, "home");
  const project = join(home, "blog");
  const source = join(platform.base, "source");
  const bin = join(platform.base, "bin");
  writeAll(source, app);
  chmodSync(join(source, "report.sh"), 0o755);
  writeAll(bin, {
    hop3: `#!/bin/sh\nexec '${process.execPath}' '${join(repository, "cmd/hop3.ts")}' "$@"\n`,
    // The password store of whoever has one: each entry holds what its example is about.
    pass: `#!/bin/sh\ncase "$2" in hop3) echo '${platform.token}' ;; hop3-ada) echo '${passwordOfAda}' ;; *) echo 'SECRET=s3cret' ;; esac\n`,
  });
  for (const name of ["hop3", "pass"]) chmodSync(join(bin, name), 0o755);
  const environment = {
    PATH: `${bin}:${process.env["PATH"] ?? "/usr/bin:/bin"}`,
    HOME: home,
    LANG: "C.UTF-8",
    TZ: "UTC",
    TERM: "xterm",
    NODE_COMPILE_CACHE: join(repository, ".tools/compile-cache"),
  };

  const appIsWell = async () => {
    const headers = { authorization: `Bearer ${platform.token}` };
    const response = await fetch(`${platform.apiUrl}/apps/blog`, { headers });
    const shown = (await response.json()) as { state?: string; builder?: string };
    return response.ok && shown.state === "running" && shown.builder !== "static";
  };
  const restore = async () => {
    rmSync(home, { recursive: true, force: true });
    cpSync(source, project, { recursive: true });
    writeAll(project, {
      ...ownFiles,
      "hop3.toml": `${app["hop3.toml"]}${contexts}`,
      "token.txt": `${platform.token}\n`,
    });
    mkdirSync(join(home, ".config/fish/completions"), { recursive: true });
    await saveServer(serversFile({}, home), "local", { url, token: platform.token });
    if (!(await appIsWell())) {
      const deployed = await platform.deploy(source, "blog");
      assert.equal(deployed.outcome, "live", JSON.stringify(deployed));
      await platform.api("POST", "/apps/blog/start");
    }
    await platform.api("PATCH", "/apps/blog/env", { set: env });
  };

  const run = async (line: string, dialogue?: Dialogue): Promise<Ran> => {
    const script = `set -o pipefail\n${line}`;
    if (dialogue !== undefined) return atTerminal(script, dialogue);
    const ran = await exec(["bash", "-c", script], { cwd: project, env: environment, timeoutMs: patience });
    const said = ran.stdout + ran.stderr;
    assert.ok(!ran.timedOut, `it went on for a minute, and said:\n${said}`);
    return { exit: ran.exitCode, said };
  };
  const atTerminal = async (script: string, dialogue: Dialogue): Promise<Ran> => {
    const terminal = spawn("bash", ["-c", script], { cols: 120, rows: 40, cwd: project, env: environment });
    let said = "";
    let ended: number | undefined;
    terminal.onData((data) => (said += data));
    terminal.onExit(({ exitCode }) => (ended = exitCode));
    try {
      let from = 0;
      for (const [sees, types] of dialogue) {
        await eventually(
          `it shows ${sees}`,
          () => {
            const found = sees.exec(said.slice(from));
            if (found !== null) from += found.index + found[0].length;
            return found !== null || ended !== undefined;
          },
          patience,
        );
        if (ended === undefined) terminal.write(typeof types === "string" ? types : types(said));
      }
      await eventually("it ends", () => ended !== undefined, patience);
    } catch (error) {
      assert.fail(`${String(error)}\n${said}`);
    } finally {
      if (ended === undefined) terminal.kill("SIGKILL");
    }
    return { exit: ended ?? null, said };
  };

  return {
    platform,
    forge,
    url,
    home,
    project,
    restore,
    run,
    async hop3(...words) {
      const argv = [process.execPath, join(repository, "cmd/hop3.ts"), ...words];
      const ran = await exec(argv, { cwd: project, env: environment, timeoutMs: patience });
      assert.equal(ran.exitCode, 0, `hop3 ${words.join(" ")}: ${ran.stdout}${ran.stderr}`);
      return ran.stdout;
    },
    async beginSlowDeploy() {
      const slow = join(platform.base, "slow");
      writeAll(slow, { Procfile: "build: sleep 100000\nworker: sleep 100000\n" });
      const response = await fetch(`${platform.apiUrl}/apps/blog/deploys`, {
        method: "POST",
        headers: { authorization: `Bearer ${platform.token}`, "content-type": "application/x-tar" },
        body: await tarOf(slow),
      });
      return ((await response.json()) as { deploy: number }).deploy;
    },
    async stop() {
      await forge.close();
      await platform.stop();
    },
  };
}

function writeAll(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
}
