import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import type { ForgeHeaders } from "./api/sources.ts";
import { isSigned, readDelivery } from "./webhook-delivery.ts";

const secret = "hop3w_secret";
const body = Buffer.from(
  JSON.stringify({ ref: "refs/heads/main", after: "a".repeat(40), repository: { default_branch: "main" } }),
);
const mac = (bytes: Uint8Array = body, key = secret) => createHmac("sha256", key).update(bytes).digest("hex");

describe("the signature of a delivery", () => {
  const right: Record<string, ForgeHeaders> = {
    GitHub: { "x-hub-signature-256": `sha256=${mac()}` },
    Gitea: { "x-gitea-signature": mac(), "x-hub-signature-256": `sha256=${mac()}` },
    Forgejo: { "x-forgejo-signature": mac(), "x-gitea-signature": mac() },
    Gogs: { "x-gogs-signature": mac() },
    GitLab: { "x-gitlab-token": secret },
    "one in capitals": { "x-hub-signature-256": `sha256=${mac().toUpperCase()}` },
  };
  for (const [forge, headers] of Object.entries(right))
    it(`of ${forge} is right`, () => assert.equal(isSigned(headers, body, secret), true));

  const wrong: Record<string, ForgeHeaders> = {
    "that is missing": {},
    "that is empty": { "x-hub-signature-256": "" },
    "that is a prefix alone": { "x-hub-signature-256": "sha256=" },
    "that is cut short": { "x-hub-signature-256": `sha256=${mac().slice(0, 63)}` },
    "by another secret": { "x-hub-signature-256": `sha256=${mac(body, "other")}` },
    "of another body": { "x-hub-signature-256": `sha256=${mac(Buffer.from("{}"))}` },
    "of SHA-1": { "x-hub-signature-256": `sha1=${createHmac("sha1", secret).update(body).digest("hex")}` },
    "that is right beside one that is wrong": { "x-gitea-signature": mac(), "x-hub-signature-256": "sha256=00" },
    "a token beside a wrong signature": { "x-gitlab-token": secret, "x-hub-signature-256": "sha256=00" },
    "a token that is another": { "x-gitlab-token": `${secret}x` },
    "an empty token": { "x-gitlab-token": "" },
    "the signature as a token": { "x-gitlab-token": mac() },
  };
  for (const [what, headers] of Object.entries(wrong))
    it(`${what} opens nothing`, () => assert.equal(isSigned(headers, body, secret), false));
});

describe("what a delivery says", () => {
  const push: ForgeHeaders = {
    "content-type": "application/json",
    "x-github-event": "push",
    "x-github-delivery": "id-1",
  };
  const bytes = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

  it("a push of GitHub, as JSON and as a form, of Gitea and of GitLab", () => {
    const wanted = { branch: "main", defaultBranch: "main", ignored: null };
    const form = bytes(new URLSearchParams({ payload: body.toString() }).toString());
    const gitlab = bytes({
      object_kind: "push",
      ref: "refs/heads/main",
      after: "b".repeat(40),
      project: { default_branch: "main" },
    });
    for (const found of [
      readDelivery(push, body),
      readDelivery({ ...push, "content-type": "application/x-www-form-urlencoded" }, form),
      readDelivery(
        { "content-type": "application/json; charset=utf-8", "x-gitea-event": "push", "x-gitea-delivery": "g" },
        body,
      ),
      readDelivery(
        {
          "content-type": "application/json",
          "x-gitlab-event": "Push Hook",
          "x-gitlab-token": "t",
          "x-gitlab-event-uuid": "u",
        },
        gitlab,
      ),
    ]) {
      const { marks, ...rest } = found ?? { marks: [] };
      assert.deepEqual(rest, wanted);
      assert.ok(marks.length > 0);
    }
  });

  it("is known again by its id, and by its body where that is what was signed", () => {
    const marks = (headers: ForgeHeaders, of = body) => readDelivery(headers, of)?.marks ?? [];
    const first = marks(push);
    assert.equal(first.length, 2);
    // Whoever has caught it can make up another id, and not another body.
    assert.ok(marks({ ...push, "x-github-delivery": "id-2" }).some((mark) => first.includes(mark)));
    const gitlab: ForgeHeaders = { "x-gitlab-event": "Push Hook", "x-gitlab-token": "t" };
    assert.deepEqual(marks({ ...gitlab, "x-gitlab-event-uuid": "u" }), ["id u"]);
    assert.equal(marks(gitlab).length, 1);
  });

  it("what deploys nothing is told", () => {
    const why = (headers: ForgeHeaders, value: unknown) => readDelivery(headers, bytes(value))?.ignored;
    assert.equal(why({ ...push, "x-github-event": "ping" }, { zen: "x" }), "a ping");
    assert.equal(why({ ...push, "x-github-event": "issues" }, {}), "no push");
    assert.equal(why({}, { ref: "refs/heads/main" }), "no push");
    assert.equal(why(push, { ref: "refs/tags/v1" }), "no branch was pushed");
    assert.equal(why(push, { ref: 7 }), "no branch was pushed");
    assert.equal(why(push, { ref: "refs/heads/x", deleted: true }), "the branch was deleted");
    assert.equal(why(push, { ref: "refs/heads/x", after: "0".repeat(40) }), "the branch was deleted");
  });

  it("what is no JSON object is none", () => {
    for (const value of ["", "{", "[]", "null", '"x"', "payload=%7B", Buffer.from([0x7b, 0xff, 0x7d])]) {
      assert.equal(readDelivery(push, Buffer.from(value as string)), undefined, String(value));
    }
  });
});
