import assert from "node:assert/strict";
import { test } from "node:test";
import { isAddressIn, isNetwork, isNetworkIn } from "./addresses.ts";

test("an address is in its network, in whichever form it came", () => {
  for (const [address, network] of [
    ["192.0.2.7", "192.0.2.0/24"],
    ["::ffff:192.0.2.7", "192.0.2.0/24"],
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7", "0.0.0.0/0"],
    ["2001:db8::7", "2001:db8::/32"],
    ["2001:DB8:0::7", "2001:db8::7"],
    ["::1", "::1"],
    ["fe80::1%eth0", "fe80::/10"],
  ] as const) {
    assert.equal(isAddressIn(address, network), true, `${address} ${network}`);
  }
});

test("another address is not, nor is what is none", () => {
  for (const [address, network] of [
    ["192.0.3.7", "192.0.2.0/24"],
    ["192.0.2.7", "2001:db8::/32"],
    ["::1", "127.0.0.1"],
    ["", "0.0.0.0/0"],
    ["192.0.2.7, 10.0.0.1", "0.0.0.0/0"],
    ["192.0.2.7", ""],
  ] as const) {
    assert.equal(isAddressIn(address, network), false, `${address} ${network}`);
  }
});

test("what reads as no network is none", () => {
  for (const text of ["192.0.2.0/24", "192.0.2.1", "::1", "2001:db8::/32", "0.0.0.0/0"]) {
    assert.equal(isNetwork(text), true, text);
  }
  for (const text of [
    "",
    "/",
    "192.0.2.0/33",
    "192.0.2.0/",
    "192.0.2/24",
    "::/129",
    "a.test",
    "1/2/3",
    "::1%lo",
    "192.0.2.0/-1",
    "192.0.2.0/1e1",
    "::ffff:192.0.2.0/24",
  ]) {
    assert.equal(isNetwork(text), false, text);
  }
});

test("a narrower network is within a wider one, and never the other way", () => {
  const cases: [inner: string, outer: string, expected: boolean][] = [
    ["10.1.0.0/16", "10.0.0.0/8", true],
    ["10.2.3.4", "10.0.0.0/8", true],
    ["10.0.0.0/8", "10.0.0.0/8", true],
    ["::ffff:10.2.3.4", "10.0.0.0/8", true],
    ["2001:db8:1::/48", "2001:db8::/32", true],
    ["10.0.0.0/7", "10.0.0.0/8", false],
    ["11.0.0.1", "10.0.0.0/8", false],
    ["0.0.0.0/0", "10.0.0.1", false],
    ["::/0", "0.0.0.0/0", false],
    ["10.0.0.1", "::/0", false],
    ["nonsense", "0.0.0.0/0", false],
    ["10.0.0.1", "nonsense", false],
  ];
  for (const [inner, outer, expected] of cases)
    assert.equal(isNetworkIn(inner, outer), expected, `${inner} in ${outer}`);
});
