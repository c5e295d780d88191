import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { layoutOf } from "#core/layout.ts";
import { buildWall, directoryWall, fillWall, releaseWall, type AppWalls } from "./specs.ts";

const layout = layoutOf({ root: "/var/lib/hop3", run: "/run/hop3" });
const shop: AppWalls = {
  layout,
  app: "shop",
  uid: 70_001,
  apps: 988,
  filter: null,
  programs: ["/usr/lib/hop3"],
  names: "/var/lib/hop3/supervisor/walls/70001",
  cgroups: [],
  openFiles: 1024,
  temporary: 1 << 26,
};
const three = { build: 3, cwd: ".", volumes: [] };
const tree = "/var/lib/hop3/apps/shop/builds/3/tree";

describe("the walls of an app's processes", () => {
  it("let an instance read its release and write its data, its home and its socket", () => {
    const shown = releaseWall(shop, { ...three, cwd: "api" }, ["/run/hop3/i/abcd1234"]);
    const { readable, writable, sockets, cwd, network } = shown;
    assert.deepEqual(readable, [tree, "/var/lib/hop3/runtimes", "/usr/lib/hop3"]);
    assert.deepEqual(writable, ["/var/lib/hop3/apps/shop/data", "/var/lib/hop3/apps/shop/home"]);
    assert.deepEqual(sockets, ["/run/hop3/i/abcd1234"]);
    assert.deepEqual([cwd, network], [`${tree}/api`, true]);
  });

  it("let a hook do the same without a socket", () => {
    assert.deepEqual(releaseWall(shop, three, []).sockets, []);
  });

  it("let a build write its tree, and see nothing of the app that serves", () => {
    const { readable, writable, temporary, network } = buildWall(shop, 4, ".", false);
    assert.deepEqual(writable, [
      "/var/lib/hop3/apps/shop/builds/4/tree",
      "/var/lib/hop3/apps/shop/cache",
      "/var/lib/hop3/apps/shop/home",
    ]);
    assert.deepEqual(temporary, { directory: "/var/lib/hop3/apps/shop/builds/4/tmp" });
    assert.ok(![...readable, ...writable].some((path) => /data|builds\/3/.test(path)));
    assert.equal(network, false);
  });

  it("show what changes one directory for us that directory alone, without network", () => {
    const { readable, writable, network } = directoryWall(shop, tree);
    assert.deepEqual([readable, writable, network], [[], [tree], false]);
  });

  it("show what fills a volume its build and the volume, nothing of which the app has yet", () => {
    const { readable, writable, cwd } = fillWall(shop, layout.volume("shop", ".media"), 3, ".hop3/volumes/media");
    assert.deepEqual([readable, writable], [[tree], ["/var/lib/hop3/apps/shop/volumes/.media"]]);
    assert.equal(cwd, `${tree}/.hop3/volumes/media`);
  });

  it("never show a whole app, other apps, the supervisor or a key", () => {
    const all = [
      releaseWall(shop, three, []),
      buildWall(shop, 3, ".", true),
      directoryWall(shop, tree),
      fillWall(shop, layout.volume("shop", ".media"), 3, ".hop3/volumes/media"),
    ];
    const paths = all.flatMap(({ readable, writable, sockets }) => [...readable, ...writable, ...sockets]);
    for (const secret of [
      layout.root,
      layout.apps,
      layout.app("shop"),
      layout.supervisor,
      layout.masterKey,
      layout.run,
    ]) {
      assert.ok(!paths.some((path) => secret === path || secret.startsWith(`${path}/`)), secret);
    }
  });
});
