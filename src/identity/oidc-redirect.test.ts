import assert from "node:assert/strict";
import { test } from "node:test";
import { requireLoopback } from "./oidc-redirect.ts";

test("a login leads back to the machine that it was begun on, on any port", () => {
  for (const port of [1, 80, 8009, 65_535]) {
    for (const host of ["127.0.0.1", "[::1]"]) {
      const redirect = `http://${host}:${port}/callback`;
      assert.equal(requireLoopback(redirect), redirect);
    }
  }
});

test("a login leads back to nowhere else (A8)", () => {
  const elsewhere = [
    "",
    "http://127.0.0.1/callback",
    "http://127.0.0.1:0/callback",
    "http://127.0.0.1:65536/callback",
    "http://127.0.0.1:99999/callback",
    "http://127.0.0.1:080/callback",
    "https://127.0.0.1:8080/callback",
    "http://localhost:8080/callback",
    "http://127.1:8080/callback",
    "http://127.0.0.2:8080/callback",
    "http://2130706433:8080/callback",
    "http://0x7f000001:8080/callback",
    "http://[::ffff:127.0.0.1]:8080/callback",
    "http://[0:0:0:0:0:0:0:1]:8080/callback",
    "http://127.0.0.1.example.com:8080/callback",
    "http://127.0.0.1:8080@example.com/callback",
    "http://127.0.0.1:8080.example.com/callback",
    "http://example.com:8080/callback",
    "http://example.com#http://127.0.0.1:8080/callback",
    "http://user@127.0.0.1:8080/callback",
    "http://127.0.0.1:8080/callback?next=https://example.com",
    "http://127.0.0.1:8080/callback#x",
    "http://127.0.0.1:8080/callback/",
    "http://127.0.0.1:8080/other",
    "http://127.0.0.1:8080/../callback",
    "http://127.0.0.1:8080/callback\n",
    "http://127.0.0.1:8080/callback\r\nLocation: https://example.com",
    " http://127.0.0.1:8080/callback",
    "HTTP://127.0.0.1:8080/callback",
    "http:\\\\127.0.0.1:8080\\callback",
    "http://127.0.0.1\u0000:8080/callback",
    "http://１２７.0.0.1:8080/callback",
    "javascript:alert(1)",
    "file:///callback",
  ];
  for (const redirect of elsewhere) {
    assert.throws(() => requireLoopback(redirect), { code: "INVALID_INPUT" }, JSON.stringify(redirect));
  }
});
