import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { parseSshKey } from "./ssh-key.ts";

const skip = existsSync("/usr/bin/ssh-keygen") ? false : "ssh-keygen is not installed";
const dir = mkdtempSync(join(tmpdir(), "hop3-keys-"));
after(() => rmSync(dir, { recursive: true }));

function keygen(name: string, ...args: string[]): { line: string; fingerprint: string } {
  const file = join(dir, name);
  execFileSync("ssh-keygen", ["-q", "-N", "", "-C", "ada's laptop", "-f", file, ...args]);
  const [, fingerprint = ""] = execFileSync("ssh-keygen", ["-l", "-f", `${file}.pub`])
    .toString()
    .split(" ");
  return { line: readFileSync(`${file}.pub`, "utf8"), fingerprint };
}

test("keys that ssh-keygen makes are taken, with the fingerprint that it shows", { skip }, () => {
  for (const [name, ...args] of [
    ["ed", "-t", "ed25519"],
    ["p256", "-t", "ecdsa", "-b", "256"],
    ["p384", "-t", "ecdsa", "-b", "384"],
    ["p521", "-t", "ecdsa", "-b", "521"],
    ["rsa", "-t", "rsa", "-b", "2048"],
    ["rsa4", "-t", "rsa", "-b", "4096"],
  ]) {
    const { line, fingerprint } = keygen(String(name), ...args);
    const parsed = parseSshKey(line);
    assert.equal(parsed.fingerprint, fingerprint);
    assert.equal(parsed.comment, "ada's laptop");
    assert.equal(`${parsed.type} ${parsed.blob}`, line.split(" ").slice(0, 2).join(" "));
  }
});

test("what is no plain public key is refused, and nothing of it is repeated", { skip }, () => {
  const { line } = keygen("one", "-t", "ed25519");
  const [type = "", blob = ""] = line.split(" ");
  const small = keygen("small", "-t", "rsa", "-b", "1024").line;
  execFileSync("ssh-keygen", ["-q", "-s", join(dir, "small"), "-I", "id", "-n", "root", join(dir, "one.pub")]);
  const certificate = readFileSync(join(dir, "one-cert.pub"), "utf8");
  const { privateKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const damaged = Buffer.from(blob, "base64");
  damaged[3] = 200;
  const longer = Buffer.concat([Buffer.from(blob, "base64"), Buffer.from([0, 0, 0, 0])]);
  // A certificate's blob below a plain type: the type inside counts, too.
  const dressed = `ssh-ed25519 ${certificate.split(" ")[1]}`;
  for (const [what, text] of Object.entries({
    nothing: "",
    word: "hello",
    private: privateKey,
    openssh: readFileSync(join(dir, "one"), "utf8"),
    small,
    certificate,
    dressed,
    options: `command="id" ${line}`,
    environment: `environment="LD_PRELOAD=/tmp/x.so" ${line}`,
    authority: `cert-authority ${line}`,
    comment: `# ${line}`,
    two: `${line}${line}`,
    carriage: `${type} ${blob}\r${type} ${blob}`,
    nul: `${type} ${blob}\0`,
    escape: `${type} ${blob} \u001b[31m`,
    dsa: `ssh-dss ${blob}`,
    other: `ssh-rsa ${blob}`,
    proto: `__proto__ ${blob}`,
    damaged: `${type} ${damaged.toString("base64")}`,
    longer: `${type} ${longer.toString("base64")}`,
    cut: `${type} ${blob.slice(0, -8)}`,
    padded: `${type} ${blob}==`,
    huge: `${type} ${blob} ${"x".repeat(10_000)}`,
  })) {
    assert.throws(
      () => parseSshKey(text),
      (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, "INVALID_INPUT", what);
        assert.ok(!`${error.message}${error.hint}`.includes(blob.slice(0, 40)), what);
        assert.doesNotMatch(`${error.message}${error.hint}`, /LD_PRELOAD|command="id"/);
        return true;
      },
      what,
    );
  }
});
