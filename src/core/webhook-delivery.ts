/**
 * What a forge sends with a push, in the forms of GitHub, Gitea, Forgejo, Gogs and GitLab: whether it is signed, and what it
 * says. Pure; nothing of a body is looked at before its signature is right.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { ForgeHeaders } from "./api/sources.ts";

/** Forges that sign the body; GitLab shows the secret itself. */
const signing = ["x-forgejo-signature", "x-gitea-signature", "x-gogs-signature"] as const;

/** Whether all that it is signed with is right, and there is something. Takes the same time for a wrong secret as for a right one. */
export function isSigned(headers: ForgeHeaders, body: Uint8Array, secret: string): boolean {
  const mac = createHmac("sha256", secret).update(body).digest();
  const shown: boolean[] = [];
  const github = headers["x-hub-signature-256"];
  if (github !== undefined) shown.push(isMac(github.replace(/^sha256=/, ""), mac));
  for (const name of signing) {
    const given = headers[name];
    if (given !== undefined) shown.push(isMac(given, mac));
  }
  const token = headers["x-gitlab-token"];
  if (token !== undefined) shown.push(timingSafeEqual(digest(token), digest(secret)));
  return shown.length > 0 && shown.every(Boolean);
}

export type Delivery = {
  /** By these it is known again: the sender's id, and the body where its signature covers that alone. */
  readonly marks: readonly string[];
  /** The branch that was pushed to. */
  readonly branch: string | null;
  /** What the forge calls the repository's own branch. */
  readonly defaultBranch: string | null;
  /** Why it deploys nothing, if it does not. */
  readonly ignored: string | null;
};

/** Of a delivery that is signed. Undefined for what is no JSON object. */
export function readDelivery(headers: ForgeHeaders, body: Uint8Array): Delivery | undefined {
  const payload = parse(headers["content-type"] ?? "", body);
  if (payload === undefined) return undefined;
  const event =
    headers["x-github-event"] ??
    headers["x-forgejo-event"] ??
    headers["x-gitea-event"] ??
    headers["x-gogs-event"] ??
    headers["x-gitlab-event"] ??
    "";
  const id =
    headers["x-github-delivery"] ??
    headers["x-forgejo-delivery"] ??
    headers["x-gitea-delivery"] ??
    headers["x-gogs-delivery"] ??
    headers["x-gitlab-event-uuid"];
  const isSignedBody = headers["x-gitlab-token"] === undefined;
  const marks = [
    ...(id === undefined ? [] : [`id ${id}`]),
    // An id can be made up by who has caught a delivery; its body cannot.
    ...(isSignedBody || id === undefined ? [`body ${createHash("sha256").update(body).digest("hex")}`] : []),
  ];
  const ref = text(payload["ref"]);
  const branch = ref?.startsWith("refs/heads/") === true ? ref.slice("refs/heads/".length) : null;
  const defaultBranch =
    text(object(payload["repository"])?.["default_branch"]) ?? text(object(payload["project"])?.["default_branch"]);
  return { marks, branch, defaultBranch: defaultBranch ?? null, ignored: ignoredWhy(event, payload, branch) };
}

function ignoredWhy(event: string, payload: Json, branch: string | null): string | null {
  if (event === "ping") return "a ping";
  if (event !== "push" && event !== "Push Hook") return "no push";
  if (branch === null) return "no branch was pushed";
  const after = text(payload["after"]);
  return payload["deleted"] === true || /^0+$/.test(after ?? "") ? "the branch was deleted" : null;
}

type Json = Readonly<Record<string, unknown>>;

/** JSON, or a form whose field `payload` is JSON: what GitHub sends unless it is told otherwise. */
function parse(type: string, body: Uint8Array): Json | undefined {
  try {
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(body);
    const isForm = type.toLowerCase().startsWith("application/x-www-form-urlencoded");
    const json = isForm ? (new URLSearchParams(decoded).get("payload") ?? "") : decoded;
    return object(JSON.parse(json));
  } catch {
    return undefined;
  }
}

function object(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= 500 ? value : undefined;
}

function isMac(given: string, mac: Buffer): boolean {
  return timingSafeEqual(digest(given.toLowerCase()), digest(mac.toString("hex")));
}

function digest(value: string): Buffer {
  return createHash("sha256").update(value).digest();
}
