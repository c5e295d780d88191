/** A taken-over `hop3d` and a hostile build against the directories of apps: real users, real files, the real walls. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { makeAppFolders, makeBuildFolders } from "./app-folders.ts";
import { wallArgv } from "./walls/argv.ts";
import { readHostView } from "./walls/host-view.ts";
import { emptyTree, fillTree, packUpload, sealTree, unsealTree } from "./walls/tree-commands.ts";
import { withoutWalls } from "./walls/testing.ts";

const hop3 = 65_533;
const app = 70_001;
const edge = 65_532;
const files = 65_531;
const owners = { hop3, app };

describe("directories of apps", { skip: withoutWalls() }, () => {
  let root: string;
  let apps: string;
  let tree: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "hop3-folders-"));
    chmodSync(root, 0o755);
    apps = join(root, "apps");
    tree = join(apps, "shop/builds/1/tree");
    // As the installation makes it: the gate to all apps, for those who are in the group.
    mkdirSync(apps);
    chownSync(apps, 0, files);
    chmodSync(apps, 0o750);
    writeFileSync(join(root, "precious"), "precious\n");
    mkdirSync(join(root, "names"));
    for (const name of ["passwd", "group"])
      writeFileSync(join(root, "names", name), `app:x:${app}:${app}::/:/bin/sh\n`);
    makeAppFolders(apps, "shop", owners);
    makeBuildFolders(apps, "shop", 1, owners);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const as = (uid: number, groups: string, argv: readonly string[], input?: Buffer) =>
    spawnSync("/usr/bin/setpriv", [`--reuid=${uid}`, `--regid=${uid}`, `--groups=${groups}`, "--", ...argv], {
      cwd: "/",
      ...(input === undefined ? {} : { input }),
      maxBuffer: 64 * 1024 * 1024,
    });
  const asHop3 = (line: string) => as(hop3, `${hop3},${files}`, ["/bin/sh", "-ec", line]);
  const asApp = (
    argv: readonly string[],
    writable: readonly string[],
    readable: readonly string[] = [],
    input?: Buffer,
  ) => {
    const [file = "", ...args] = [
      ...wallArgv(
        {
          uid: app,
          apps: 65_530,
          cgroups: [],
          openFiles: 1024,
          filter: null,
          names: join(root, "names"),
          readable,
          writable,
          sockets: [],
          temporary: { directory: join(apps, "shop/builds/1/tmp") },
          sharedMemory: 1 << 20,
          network: false,
          cwd: "/",
        },
        readHostView(),
      ),
      ...argv,
    ];
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ROOT: root, TREE: tree };
    return spawnSync(file, args, { cwd: "/", env, ...(input === undefined ? {} : { input }) });
  };
  const done = (result: ReturnType<typeof spawnSync>): void => assert.equal(result.status, 0, String(result.stderr));

  it("take an upload over without anybody's privilege, are sealed, served, and removed again", () => {
    done(asHop3(`mkdir ${root}/apps/shop/releases/1 && echo '{}' >${root}/apps/shop/releases/1/release.json`));
    const upload = join(root, "upload");
    mkdirSync(join(upload, "static"), { recursive: true });
    writeFileSync(join(upload, "run.sh"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
    writeFileSync(join(upload, "static/a.css"), "a {}\n", { mode: 0o600 });
    symlinkSync("run.sh", join(upload, "link"));
    done(spawnSync("/bin/chown", ["-hR", `${hop3}:${hop3}`, upload]));
    const packed = as(hop3, `${hop3}`, packUpload(upload));
    done(packed);
    done(asApp(fillTree(tree), [tree], [], packed.stdout));
    for (const name of ["run.sh", "link", "static/a.css"]) assert.equal(lstatSync(join(tree, name)).uid, app);
    // A build step writes; the sealed tree is read by all who are to, and by no other user of the host.
    done(
      asApp(["/bin/sh", "-ec", `cd ${tree}; ./run.sh >built; umask 077; mkdir secretive; echo x >secretive/x`], [tree]),
    );
    done(asApp(sealTree(tree), [tree]));
    const read = ["/bin/cat", join(tree, "static/a.css"), join(tree, "secretive/x"), join(tree, "built")];
    done(as(hop3, `${hop3},${files}`, read));
    done(as(edge, `${edge},${files}`, read));
    writeFileSync(join(apps, "shop/builds/1/build.log"), "made by root\n", { mode: 0o640 });
    done(as(hop3, `${hop3},${files}`, ["/bin/cat", join(apps, "shop/builds/1/build.log")]));
    assert.equal(as(app, String(app), read).status, 1, "an app's user gets past the gate without walls");
    assert.equal(as(65_530, "65530", read).status, 1);
    // It runs from there, and cannot change it.
    done(asApp([join(tree, "run.sh")], [], [tree]));
    assert.notEqual(
      asApp(["/bin/sh", "-c", `chmod u+w ${tree}/run.sh || echo x >>${tree}/run.sh`], [], [tree]).status,
      0,
    );
    done(asApp(unsealTree(tree), [tree]));
    done(asApp(emptyTree(tree), [tree]));
    assert.deepEqual(readdirSync(tree), []);
  });

  it("hold what a hostile build leaves: nothing outside is touched, and it can be removed", () => {
    const build = `
      cd "$TREE"
      ln -s "$ROOT/precious" link; ln -s / root; ln -s .. up; ln -s link chain; ln -s loop loop
      mkfifo pipe; echo x >a; ln a b; chmod 000 a
      mkdir -p locked/in/there; echo x >locked/in/there/x; chmod 000 locked/in locked
      touch -- "-rf" "new
line" ".hidden" "$(printf '\\377')"
      i=0; while [ $i -lt 200 ]; do mkdir d; cd d; i=$((i+1)); done`;
    done(asApp(["/bin/sh", "-c", build], [tree]));
    done(asApp(sealTree(tree), [tree]));
    done(as(hop3, `${hop3},${files}`, ["/bin/cat", join(tree, "locked/in/there/x"), join(tree, "b")]));
    assert.equal(statSync(join(root, "precious")).mode & 0o777, 0o644);
    done(asApp(unsealTree(tree), [tree]));
    done(asApp(emptyTree(tree), [tree]));
    assert.deepEqual(readdirSync(tree), []);
    assert.equal(readFileSync(join(root, "precious"), "utf8"), "precious\n");
  });

  for (const [what, line] of [
    ["exchange a tree", "mv $D/tree $D/old"],
    ["remove a tree", "rmdir $D/tree"],
    ["put a link in the place of a build", "mv $B/1 $B/2; ln -s / $B/1"],
    ["exchange an app's directory", "mv ${B%/shop/builds}/shop ${B%/shop/builds}/old"],
    ["write into a tree", "touch $D/tree/x"],
    ["read an app's data", "ls ${B%builds}data"],
    ["write an app's logs", "touch ${B%builds}log/x"],
    ["change the modes of what it may add to", "chmod 777 $D"],
    ["make an app of its own", "mkdir ${B%/shop/builds}/other"],
  ] as const) {
    it(`do not let a taken-over hop3d ${what}`, () => {
      const before = readdirSync(apps, { recursive: true }).length;
      const set = `B=${apps}/shop/builds; D=$B/1;`;
      assert.notEqual(asHop3(`${set} ${line}`).status, 0);
      assert.equal(readdirSync(apps, { recursive: true }).length, before);
      done(asHop3(`${set} touch $D/build.json && rm $D/build.json`));
    });
  }

  it("are refused where somebody else has made one first, a directory or a link", () => {
    done(asHop3(`mkdir ${apps}/shop/builds/2; ln -s ${root} ${apps}/shop/builds/3`));
    for (const build of [2, 3]) assert.throws(() => makeBuildFolders(apps, "shop", build, owners), { name: "Refusal" });
    assert.equal(statSync(root).uid, 0);
    assert.ok(!existsSync(join(root, "tree")));
  });

  it("are finished when their making was broken off", () => {
    mkdirSync(join(apps, "shop/builds/4/tree"), { recursive: true });
    makeBuildFolders(apps, "shop", 4, owners);
    assert.equal(statSync(join(apps, "shop/builds/4/tree")).uid, app);
    assert.equal(statSync(join(apps, "shop/builds/4")).mode & 0o7777, 0o3771);
    makeAppFolders(apps, "shop", owners);
    assert.equal(statSync(join(apps, "shop/data")).mode & 0o777, 0o700);
  });

  it("show a hop3d that links a file of root's into its upload nothing of it", () => {
    const upload = join(root, "upload");
    mkdirSync(upload);
    writeFileSync(join(root, "key"), "key\n", { mode: 0o600 });
    linkSync(join(root, "key"), join(upload, "key"));
    chownSync(upload, hop3, hop3);
    const packed = as(hop3, `${hop3}`, packUpload(upload));
    assert.notEqual(packed.status, 0);
    assert.ok(!(packed.stdout as Buffer).includes("key\n"));
  });
});
