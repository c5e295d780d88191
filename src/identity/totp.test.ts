import assert from "node:assert/strict";
import { test } from "node:test";
import { base32, makeTotpSecret, matchTotp, otpauthUri, totpCode, totpStep } from "./totp.ts";

const secret = Buffer.from("12345678901234567890");

test("the codes are those of RFC 6238, appendix B", () => {
  const vectors: [seconds: number, code: string][] = [
    [59, "94287082"],
    [1_111_111_109, "07081804"],
    [1_111_111_111, "14050471"],
    [1_234_567_890, "89005924"],
    [2_000_000_000, "69279037"],
    [20_000_000_000, "65353130"],
  ];
  for (const [seconds, code] of vectors) {
    const now = seconds * 1000;
    assert.equal(totpCode(secret, totpStep(now), 8), code);
    assert.equal(matchTotp(secret, code.slice(2), now, null), totpStep(now));
  }
});

test("the codes are those of RFC 4226, appendix D", () => {
  const codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
  assert.deepEqual(
    codes.map((_, count) => totpCode(secret, count)),
    codes,
  );
});

test("a code is taken a step early and a step late, and no further", () => {
  const now = 1_800_000_000_000;
  const step = totpStep(now);
  for (const away of [-3, -2, -1, 0, 1, 2, 3]) {
    const expected = Math.abs(away) <= 1 ? step + away : undefined;
    assert.equal(matchTotp(secret, totpCode(secret, step + away), now, null), expected, String(away));
  }
});

test("a step that was used, and every one before it, is not taken again, also when the clock is set back", () => {
  const now = 1_800_000_000_000;
  const step = totpStep(now);
  assert.equal(matchTotp(secret, totpCode(secret, step), now, step), undefined);
  assert.equal(matchTotp(secret, totpCode(secret, step - 1), now, step), undefined);
  assert.equal(matchTotp(secret, totpCode(secret, step + 1), now, step), step + 1);
  const hourBefore = now - 3_600_000;
  assert.equal(matchTotp(secret, totpCode(secret, totpStep(hourBefore)), hourBefore, step), undefined);
});

test("what is no code of six digits matches nothing; spaces between digits are a person's", () => {
  const now = 1_800_000_000_000;
  const code = totpCode(secret, totpStep(now));
  assert.equal(matchTotp(secret, `${code.slice(0, 3)} ${code.slice(3)}`, now, null), totpStep(now));
  const fullWidth = code.replaceAll(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
  for (const bad of ["", code.slice(1), `${code}0`, `${code}\n`, "-00001", "1e5000", fullWidth, `\0${code}`]) {
    assert.equal(matchTotp(secret, bad, now, null), undefined, JSON.stringify(bad));
  }
});

test("secrets are new each time, have 160 bits, and are written as RFC 4648 has it", () => {
  assert.notDeepEqual(makeTotpSecret(), makeTotpSecret());
  assert.match(base32(makeTotpSecret()), /^[A-Z2-7]{32}$/);
  const vectors = {
    "": "",
    f: "MY",
    fo: "MZXQ",
    foo: "MZXW6",
    foob: "MZXW6YQ",
    fooba: "MZXW6YTB",
    foobar: "MZXW6YTBOI",
  };
  for (const [text, coded] of Object.entries(vectors)) assert.equal(base32(Buffer.from(text)), coded);
});

test("the URI for an authenticator names the server and the user, whatever they hold", () => {
  const uri = new URL(otpauthUri(secret, "ada", "hop3.example.com:8443"));
  assert.equal(uri.protocol, "otpauth:");
  assert.equal(decodeURIComponent(uri.pathname), "/Hop3 hop3.example.com:8443:ada");
  assert.equal(uri.searchParams.get("secret"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  assert.equal(uri.searchParams.get("issuer"), "Hop3 hop3.example.com:8443");
  assert.equal(uri.searchParams.get("digits"), "6");
});
