/** A public key of OpenSSH as one line: read strictly, since what is kept goes into a file that sshd reads. */
import { createHash } from "node:crypto";
import { AppError } from "./errors.ts";

export type SshKey = {
  readonly type: string;
  /** Base64, as in the line. */
  readonly blob: string;
  /** `SHA256:` and 43 characters, as `ssh-keygen -l` shows it. */
  readonly fingerprint: string;
  /** What stands behind the key; it is no part of it. */
  readonly comment: string;
};

/** Characters of a line: an RSA key of 16384 bits has 2800. */
const lineMax = 8000;
const rsaBits = { least: 2048, most: 16_384 };

const curves: Readonly<Record<string, number>> = { nistp256: 65, nistp384: 97, nistp521: 133 };

/** What a type's blob holds behind its name; false when it is not that. */
type Form = (fields: readonly Buffer[]) => boolean;

const ofCurve =
  (curve: string, more: number): Form =>
  ([name, point = Buffer.alloc(0), ...rest]) =>
    name?.toString("latin1") === curve && point.length === curves[curve] && point[0] === 4 && rest.length === more;

const forms: Readonly<Record<string, Form>> = {
  "ssh-ed25519": ([key, ...rest]) => key?.length === 32 && rest.length === 0,
  "sk-ssh-ed25519@openssh.com": ([key, , ...rest]) => key?.length === 32 && rest.length === 0,
  "ecdsa-sha2-nistp256": ofCurve("nistp256", 0),
  "ecdsa-sha2-nistp384": ofCurve("nistp384", 0),
  "ecdsa-sha2-nistp521": ofCurve("nistp521", 0),
  "sk-ecdsa-sha2-nistp256@openssh.com": ofCurve("nistp256", 1),
  "ssh-rsa": ([exponent, modulus, ...rest]) => {
    const bits = (modulus?.length ?? 0) * 8;
    return exponent !== undefined && rest.length === 0 && bits >= rsaBits.least && bits <= rsaBits.most + 8;
  },
};

/** Throws INVALID_INPUT, and never repeats what was given: it may be a private key. */
export function parseSshKey(text: string): SshKey {
  const line = text.trim();
  if (line.includes("PRIVATE KEY"))
    throw refused(
      "This is a private key, which never leaves the machine that it is on.",
      "Give the file that ends in .pub.",
    );
  if (line.length > lineMax) throw refused(`A public key has at most ${lineMax} characters.`);
  if (/[^\P{Cc}]/u.test(line)) throw refused("A public key is one line without control characters.");
  const [, type = "", blob = "", comment = ""] = /^(\S+) +([A-Za-z0-9+/]+={0,2})(?: +(.*))?$/.exec(line) ?? [];
  if (type.includes("-cert-"))
    throw refused("This is a certificate, and only plain keys are taken.", "Give the key that it was made for.");
  const form = Object.hasOwn(forms, type) ? forms[type] : undefined;
  if (form === undefined) throw refused("This is no public key of OpenSSH that is taken here.");
  const bytes = Buffer.from(blob, "base64");
  const fields = fieldsOf(bytes);
  if (bytes.toString("base64") !== blob || fields?.[0]?.toString("latin1") !== type || !form(fields.slice(1)))
    throw refused(
      type === "ssh-rsa"
        ? `This key is damaged, or has less than ${rsaBits.least} bits.`
        : "This key is damaged: its parts do not fit its type.",
    );
  return {
    type,
    blob,
    fingerprint: `SHA256:${createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "")}`,
    comment,
  };
}

function refused(
  message: string,
  hint = "A line such as `ssh-ed25519 AAAA... name`, made by: ssh-keygen -t ed25519",
): AppError {
  return new AppError("INVALID_INPUT", message, { hint });
}

/** The strings that a blob is made of; undefined when their lengths do not add up. */
function fieldsOf(bytes: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 4) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

/** Whether a text has the form of a fingerprint. */
export function isFingerprint(text: string): boolean {
  return /^SHA256:[A-Za-z0-9+/]{43}$/.test(text);
}
