/**
 * A host of its own for what would change the machine: a mount namespace with an /etc that has the users of system mode, and
 * a network namespace with nothing but a loopback. Node runs in it as root, from this checkout, which is opened to all users
 * there, wherever it lies.
 */
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exec } from "#sys/exec.ts";
import { withoutSystemMode } from "#supervisor/testing-walled.ts";

const checkout = join(import.meta.dirname, "../..");

/** For `skip`. */
export const withoutOwnHost = withoutSystemMode;

/** $1 is an empty directory, $2 the checkout; the rest is run. */
const script = `set -e
place=$1 checkout=$2; shift 2
mount -t tmpfs -o mode=755 tmpfs "$place"
cp -a /etc "$place/etc"
mount --bind "$place/etc" /etc
for file in passwd shadow group gshadow; do [ ! -e /etc/$file ] || sed -i '/^hop3/d' /etc/$file; done
echo 'hop3:x:991:991::/nonexistent:/usr/sbin/nologin
hop3-edge:x:990:990::/nonexistent:/usr/sbin/nologin' >>/etc/passwd
echo 'hop3:x:991:
hop3-edge:x:990:
hop3-files:x:989:hop3,hop3-edge
hop3-apps:x:988:' >>/etc/group
rm -rf /etc/hop3; mkdir -m 755 /etc/hop3
# Whoever clones into a home of 0700 could not have its code read by the users that it runs as.
above=$checkout
while [ "$above" != / ]; do
  parent=$(dirname "$above")
  case $(stat -c %a "$parent") in *[1357]) ;; *) closed=$parent ;; esac
  above=$parent
done
if [ -n "\${closed:-}" ]; then
  mkdir "$place/checkout"
  mount --bind "$checkout" "$place/checkout"
  mount -t tmpfs -o mode=755 tmpfs "$closed"
  mkdir -p "$checkout"
  mount --bind "$place/checkout" "$checkout"
fi
ip link set lo up
exec "$@"`;

export type OwnHostResult = { readonly exitCode: number | null; readonly output: string };

/** Runs Node with these arguments in a host of its own, to its end or for at most `seconds`. */
export async function inOwnHost(
  args: readonly string[],
  { env = {}, seconds }: { readonly env?: Readonly<Record<string, string>>; readonly seconds: number },
): Promise<OwnHostResult> {
  const place = mkdtempSync(join(tmpdir(), "hop3-host-"));
  const lines: string[] = [];
  try {
    const { exitCode } = await exec(
      [
        "/usr/bin/unshare",
        "--net",
        "--mount",
        "/bin/sh",
        "-c",
        script,
        "host",
        place,
        checkout,
        process.execPath,
        ...args,
      ],
      {
        cwd: checkout,
        env: { PATH: process.env["PATH"] ?? "", HOME: place, ...env },
        timeoutMs: seconds * 1000,
        onLine: (line) => lines.push(line),
      },
    );
    return { exitCode, output: lines.join("\n") };
  } finally {
    rmdirSync(place);
  }
}
