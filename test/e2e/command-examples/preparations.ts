/**
 * What an example of the command table needs beside the world of world.ts: by the example itself, or by its command's words.
 * An example that is not here runs as it stands and must end with 0. There is no way to leave one out: what only root can
 * do, or needs a server of ssh, names the test that does it.
 */
import assert from "node:assert/strict";
import { saveServer, serversFile } from "#cli/context-file.ts";
import { exec } from "#sys/exec.ts";
import { mkdir, readFile, writeFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunningPlatform } from "../platform.ts";
import { peoplePreparations } from "./people.ts";
import type { Preparation } from "./preparation.ts";
import type { World } from "./world.ts";

const second: Preparation = { before: ({ home, url }) => saveServer(serversFile({}, home), "prod", { url }) };
const chosen: Preparation = { before: async ({ hop3 }) => void (await hop3("context", "use", "staging")) };
const install = "test/e2e/server-install.test.ts";
const sso = "test/e2e/single-sign-on.test.ts";
const cancelSlowDeploy: Preparation = { before: async (world) => ({ "12": String(await world.beginSlowDeploy()) }) };
const newestReleases: Preparation = {
  before: async ({ platform }) => {
    const [newest, older] = await releases(platform);
    return { "12": String(newest), "11": String(older) };
  },
};

/** Public halves alone: what ssh-keygen makes of 32 bytes of one value. */
const publicKey = (byte: number): string => {
  const text = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const blob = Buffer.concat([text(Buffer.from("ssh-ed25519")), text(Buffer.alloc(32, byte))]);
  return `ssh-ed25519 ${blob.toString("base64")} ada@laptop\n`;
};
let keys = 0;
const withKeys: Preparation = {
  before: async ({ home }) => {
    await mkdir(join(home, ".ssh"), { recursive: true });
    for (const name of ["id_ed25519.pub", "work.pub"])
      await writeFile(join(home, ".ssh", name), publicKey((keys += 1)));
  },
};
const repositoryOfBlog: Preparation = {
  before: async ({ run }) => {
    assert.equal((await run("git init --quiet --initial-branch=main")).exit, 0);
  },
};

export const preparations: Readonly<Record<string, Preparation>> = {
  "deploy cancel": cancelSlowDeploy,
  "hop3 logs -f": { dialogue: [[/at work|app is well/, "\u0003"]], exits: [130] },
  "hop3 events -f": { dialogue: [[/app\.env/, "\u0003"]], exits: [130] },
  "hop3 audit verify audit.ndjson": {
    before: async ({ hop3, project }) => writeFile(join(project, "audit.ndjson"), await hop3("audit", "export")),
  },
  "hop3 logs --process web.2 --since 2026-03-01T14:30": {
    before: async ({ hop3 }) => void (await hop3("ps", "scale", "web=2")),
  },
  // What a forge has given before has no executable files.
  "hop3 run -e DEPTH=2 -- ./report.sh > report.csv": { before: async ({ hop3 }) => void (await hop3("deploy")) },
  "hop3 run --app blog": {
    dialogue: [
      [/[$#] /, "echo depth=$((40+2))\r"],
      [/depth=42/, "exit\r"],
    ],
  },
  "hop3 rollback 12": {
    before: async ({ platform }) => ({ "12": String((await releases(platform))[1]) }),
  },
  "release show": newestReleases,
  "release diff": newestReleases,
  "release promote": {
    before: async ({ platform }) => ({ "12": String((await releases(platform))[1]) }),
  },
  "hop3 app build-logs --deploy 3": {
    before: async ({ platform }) => {
      const { deploys } = (await platform.api("GET", "/apps/blog/deploys")) as { deploys: { deploy: number }[] };
      return { "3": String(deploys[0]?.deploy) };
    },
  },
  "hop3 app destroy --app blog": { dialogue: [[/Type the name to go on \(blog\): /, "blog\r"]] },
  "hop3 deploy blog-1.2.tar.gz": { before: async (world) => void (await packBlog(world)) },
  "hop3 deploy https://example.com/blog-1.2.tar.gz --app blog": {
    before: async (world) => ({ "https://example.com/blog-1.2.tar.gz": await packBlog(world) }),
  },
  "hop3 deploy --git https://github.com/ada/blog --branch live --app blog": {
    before: async ({ forge }) => ({ "https://github.com/ada/blog": `${forge.origin}/blog` }),
  },
  "hop3 deploy --pull --app blog": {
    before: async ({ hop3, forge }) =>
      void (await hop3("git", "source", "set", `${forge.origin}/blog`, "--branch", "live")),
  },
  "webhook rotate": { before: haveWebhook },
  "webhook remove": { before: haveWebhook },
  "hop3 git source show --app blog": { before: rememberSource },
  "hop3 git source remove --app blog": { before: rememberSource },
  "hop3 import ./shop --yes": {
    before: async ({ project }) => {
      await mkdir(join(project, "shop"));
      await writeFile(join(project, "shop/Procfile"), "web: python3 -m http.server $PORT\n");
      await writeFile(join(project, "shop/.env"), "CURRENCY=eur\n");
    },
  },
  "hop3 import /home/dokku --rename old_blog=journal --dry-run": {
    before: async ({ home }) => {
      for (const app of ["old_blog", "wiki"]) {
        await mkdir(join(home, "dokku", app), { recursive: true });
        await writeFile(join(home, "dokku", app, "ENV"), "export LANG='de'\n");
        await writeFile(join(home, "dokku", app, "VHOST"), `${app.replace("_", "-")}.example.com\n`);
      }
      await writeFile(join(home, "dokku/VHOST"), "example.com\n");
      return { "/home/dokku": join(home, "dokku") };
    },
  },
  "key add": {
    before: async (world) => {
      const { keys: all } = (await world.platform.api("GET", "/account/keys")) as { keys: { fingerprint: string }[] };
      for (const { fingerprint } of all)
        await world.platform.api("DELETE", `/account/keys/${encodeURIComponent(fingerprint)}`);
      await withKeys.before?.(world);
    },
  },
  "key remove": {
    before: async (world) => {
      await withKeys.before?.(world);
      await world.run("hop3 key add ~/.ssh/work.pub --name work");
    },
  },
  "git setup": repositoryOfBlog,
  "hop3 git setup --remote hop3-staging --server staging": {
    before: async (world) => {
      await repositoryOfBlog.before?.(world);
      await saveServer(serversFile({}, world.home), "staging", { url: world.url, token: world.platform.token });
    },
  },
  "hop3 top": { dialogue: [[/blog/, "q"]] },
  "hop3 top --app blog --sort memory": { dialogue: [[/blog/, "q"]] },
  "hop3 cron history nightly 17": {
    before: async ({ platform, hop3 }) => {
      await hop3("cron", "run", "nightly");
      const { runs } = (await platform.api("GET", "/apps/blog/cron/nightly/runs")) as { runs: { run: number }[] };
      return { "17": String(runs[0]?.run) };
    },
  },
  "hop3 use": chosen,
  "context add": second,
  "hop3 context": chosen,
  "hop3 context use --clear": chosen,
  "context init": {
    before: async (world) => {
      await second.before?.(world);
      for (const name of ["staging", "production"]) await world.hop3("context", "remove", name, "--yes");
    },
  },
  "server show": second,
  "server use": second,
  "hop3 server remove spare --yes": {
    before: async ({ hop3, url }) => void (await hop3("server", "add", "spare", url)),
  },
  "domain remove": { before: async ({ hop3 }) => void (await hop3("domain", "add", "www.example.com")) },
  "hop3 login --ssh ada@hop3.example.com": {
    elsewhere: { file: "test/e2e/ssh-tunnel.test.ts", says: '"login", "--ssh"' },
  },
  "sudo hop3 server install": { elsewhere: { file: install, says: '"server", "install")' } },
  "sudo hop3 server install --domain apps.example.org": {
    elsewhere: { file: install, says: '"server", "install", "--domain"' },
  },
  "sudo hop3 server admin ada": { elsewhere: { file: install, says: '"server", "admin"' } },
  "sudo hop3 server start": { elsewhere: { file: install, says: '"server", "start"' } },
  "sudo hop3 server uninstall": { elsewhere: { file: install, says: '"server", "uninstall"' } },
  "sudo hop3 server uninstall --purge --yes": {
    elsewhere: { file: install, says: '"server", "uninstall", "--purge", "--yes"' },
  },
  "hop3 login http://127.0.0.1:8009": { dialogue: ({ platform }) => [[/Token: /, `${platform.token}\r`]] },
  // A provider and a browser are needed for these.
  "hop3 login https://hop3.example.com --sso": { elsewhere: { file: sso, says: '["--sso"]' } },
  "hop3 login https://hop3.example.com --device": { elsewhere: { file: sso, says: '["--device"]' } },
  "account link": { elsewhere: { file: sso, says: '["account", "link"' } },
  "user link": { elsewhere: { file: sso, says: '["user", "link", "admin", "u-bob"]' } },
  "user unlink": { elsewhere: { file: sso, says: '["user", "unlink", "admin", "u-bob"]' } },
  ...peoplePreparations,
  // A host that lacks something of system mode is told so, with 1.
  "system status": { exits: [0, 1] },
};

/** One that an example before has made will do. */
async function haveWebhook({ platform }: World): Promise<void> {
  const found = (await platform.api("GET", "/apps/blog/webhooks")) as { webhooks: { name: string }[] };
  if (found.webhooks.some(({ name }) => name === "github")) return;
  await platform.api("POST", "/apps/blog/webhooks", { name: "github" });
}

async function rememberSource({ hop3 }: World): Promise<void> {
  await hop3("git", "source", "set", "https://github.com/ada/blog");
}

/** The project as a forge would pack it, in the project and at the forge; its address there. */
async function packBlog({ project, forge }: World): Promise<string> {
  // Beside the directory at first: tar fails over one that changes while it reads.
  const packed = join(dirname(project), "blog-1.2.tar.gz");
  const argv = ["tar", "-czf", packed, "-C", dirname(project), "blog"];
  const { exitCode, stderr } = await exec(argv, { env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" } });
  assert.equal(exitCode, 0, stderr);
  await rename(packed, join(project, "blog-1.2.tar.gz"));
  forge.files.set("/blog-1.2.tar.gz", await readFile(join(project, "blog-1.2.tar.gz")));
  return `${forge.origin}/blog-1.2.tar.gz`;
}

/** Numbers of the app's releases, the newest first; two at least. */
async function releases(platform: RunningPlatform): Promise<number[]> {
  await platform.api("PATCH", "/apps/blog/env", { set: { TOUCHED: String(performance.now()) } });
  const found = (await platform.api("GET", "/apps/blog/releases")) as { releases: { release: number }[] };
  return found.releases.map(({ release }) => release);
}
