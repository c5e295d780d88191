import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AppError } from "./errors.ts";
import { isPublicAddress, parseNetworks } from "./networks.ts";

describe("networks", () => {
  for (const address of [
    "1.1.1.1",
    "140.82.121.4",
    "172.15.255.255",
    "172.32.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
  ]) {
    it(`${address} is public`, () => assert.equal(isPublicAddress(address), true));
  }
  const near = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.100.100.200",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "2001:0:53aa:64c::1",
    "localhost",
    "",
    "127.1",
    "2130706433",
    "0x7f.1",
    "1.1.1.1 ",
    "fe80::1%lo",
  ];
  for (const address of near)
    it(`${JSON.stringify(address)} is not`, () => assert.equal(isPublicAddress(address), false));

  it("a set of networks has what lies in them, also as IPv4 in IPv6", () => {
    const networks = parseNetworks("10.1.0.0/16, 127.0.0.1 fd00::/8", "X");
    for (const inside of ["10.1.2.3", "127.0.0.1", "fd12::1", "::ffff:10.1.2.3"])
      assert.ok(networks.has(inside), inside);
    for (const outside of ["10.2.0.1", "127.0.0.2", "fe80::1", "nonsense"]) assert.ok(!networks.has(outside), outside);
    assert.ok(!parseNetworks("", "X").has("127.0.0.1"));
  });

  for (const text of ["10.0.0.0/33", "10.0.0/8", "::/129", "example.com", "10.0.0.0/-1", "10.0.0.0/8/8", "1.2.3.4/"]) {
    it(`${text} is refused as a network`, () => {
      assert.throws(
        () => parseNetworks(text, "HOP3_SOURCE_NETWORKS"),
        (error: unknown) => error instanceof AppError && error.message.startsWith("HOP3_SOURCE_NETWORKS has "),
      );
    });
  }
});
