import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EnvEntry } from "#core/app-spec.ts";
import { AppError } from "#core/errors.ts";
import { resolveEnv, type EnvInputs } from "./resolve-env.ts";

function inputs(
  entries: readonly EnvEntry[],
  stored: EnvInputs["stored"] = [],
  envPolicy: "keep-existing" | "override" = "keep-existing",
): EnvInputs {
  return {
    artifact: {
      app: "blog",
      env: { NODE_ENV: "production" },
      path: ["/tree/.venv/bin"],
      spec: { env: entries, envPolicy },
    },
    stored,
    platform: { HOME: "/apps/blog/home" },
    domains: ["blog.localhost", "blog.example.com"],
  };
}

const value = (name: string, text: string): EnvEntry => ({ name, kind: "value", value: text });
const computed = (name: string, template: string): EnvEntry => ({ name, kind: "computed", template });

describe("the environment of a release", () => {
  it("tells the app its name, domains, home and PATH", () => {
    const env = resolveEnv(inputs([]));
    assert.equal(env.get("APP")?.value, "blog");
    assert.equal(env.get("HOST_NAME")?.value, "blog.localhost,blog.example.com");
    assert.equal(env.get("HOME")?.value, "/apps/blog/home");
    assert.match(env.get("PATH")?.value ?? "", /^\/tree\/\.venv\/bin:\/usr\/local\/sbin:/);
    assert.equal(env.get("NODE_ENV")?.value, "production");
  });

  it("lets the user's setting win over the app's file, unless the file says override", () => {
    const stored = [{ name: "COLOR", value: "red", source: "user" as const }];
    assert.deepEqual(resolveEnv(inputs([value("COLOR", "blue")], stored)).get("COLOR"), {
      value: "red",
      source: "user",
    });
    const overridden = resolveEnv(inputs([value("COLOR", "blue")], stored, "override")).get("COLOR");
    assert.deepEqual(overridden, { value: "blue", source: "config" });
  });

  it("lets the user's setting win over what the platform and a builder give", () => {
    const stored = [{ name: "NODE_ENV", value: "staging", source: "user" as const }];
    assert.equal(resolveEnv(inputs([], stored)).get("NODE_ENV")?.value, "staging");
  });

  it("uses a generated value until the user sets one", () => {
    const entry: EnvEntry = { name: "KEY", kind: "generate", format: "hex" };
    const generated = { name: "KEY", value: "abc", source: "generated" as const };
    assert.deepEqual(resolveEnv(inputs([entry], [generated])).get("KEY"), { value: "abc", source: "generated" });
  });

  it("computes values from others, in file order, without expanding them twice", () => {
    const entries = [
      value("USER", "ada"),
      value("RAW", "${USER}"),
      computed("A", "${USER}@${APP}"),
      computed("B", "<${A}> ${RAW}"),
    ];
    const env = resolveEnv(inputs(entries));
    assert.equal(env.get("B")?.value, "<ada@blog> ${USER}");
    assert.equal(env.get("B")?.source, "computed");
  });

  it("refuses a computed value that refers to nothing", () => {
    assert.throws(
      () => resolveEnv(inputs([computed("A", "${NOPE}")])),
      (error: unknown) =>
        error instanceof AppError && error.code === "INVALID_CONFIG" && /A refers to "NOPE"/.test(error.message),
    );
  });

  it("knows the app's facts", () => {
    const facts = (["name", "domain", "hostname"] as const).map((key): EnvEntry => ({
      name: `F_${key}`,
      kind: "app",
      key,
    }));
    const env = resolveEnv(inputs(facts));
    assert.deepEqual(
      ["F_name", "F_domain", "F_hostname"].map((name) => env.get(name)?.value),
      ["blog", "blog.localhost", "blog.localhost"],
    );
  });

  it("is refused when few characters of the app's files would make very many", () => {
    const big = value("A", "x".repeat(30_000));
    const many = Array.from({ length: 10_000 }, (_, index) => computed(`V${index}`, "$A"));
    assert.throws(
      () => resolveEnv(inputs([big, ...many])),
      (error: unknown) => error instanceof AppError && error.code === "INVALID_CONFIG",
    );
    const ladder = Array.from({ length: 9 }, (_, index) => computed(`L${index + 1}`, `$L${index}`.repeat(100)));
    assert.throws(() => resolveEnv(inputs([value("L0", "x".repeat(1000)), ...ladder])), /grows longer/);
  });

  it("takes no time to speak of for thousands of variables that refer to each other", () => {
    const many = Array.from({ length: 30_000 }, (_, index) =>
      computed(`V${index}`, index === 0 ? "x" : `$V${index - 1}`),
    );
    const started = performance.now();
    assert.equal(resolveEnv(inputs(many)).get("V29999")?.value, "x");
    assert.ok(performance.now() - started < 10_000);
  });
});
