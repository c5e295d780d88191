import assert from "node:assert/strict";
import { test } from "node:test";
import { addressGroup, clientAddress, type Listener } from "./client-address.ts";

/** Everything that anybody has ever read an address from, and ways to write it that another server may take for it. */
const spoofed = {
  forwarded: "for=9.9.9.9",
  "x-forwarded-for": "9.9.9.9",
  "x-real-ip": "9.9.9.9",
  "x-client-ip": "9.9.9.9",
  "true-client-ip": "9.9.9.9",
  "cf-connecting-ip": "9.9.9.9",
  "x-forwarded-host": "evil.example",
  x_forwarded_for: "9.9.9.9",
  "x-forwarded_for": "9.9.9.9",
  x_real_ip: "9.9.9.9",
};

const ask = (listener: Listener, remoteAddress: string | undefined, headers: Record<string, string>) =>
  clientAddress({ listener, incoming: { socket: { remoteAddress }, headers } });

test("on a TCP address it is who has connected, whatever headers say", () => {
  assert.equal(ask("tcp", "127.0.0.1", spoofed), "127.0.0.1");
  assert.equal(ask("tcp", "::ffff:10.0.0.7", spoofed), "10.0.0.7");
  assert.equal(ask("tcp", "fe80::1%eth0", spoofed), "fe80::1");
  assert.equal(ask("tcp", undefined, spoofed), null);
});

test("on the edge's socket it is the last hop, which the edge has written", () => {
  const { "x-forwarded-for": _, ...others } = spoofed;
  assert.equal(ask("edge", undefined, { ...others, "x-forwarded-for": "9.9.9.9, 203.0.113.7" }), "203.0.113.7");
  assert.equal(ask("edge", undefined, { ...others, "x-forwarded-for": "2001:DB8:0::7" }), "2001:db8::7");
  for (const none of [others, ...["", "9.9.9.9,", "unknown", "9.9.9", "evil.example", "1.2.3.4:80"].map(asHop)])
    assert.equal(ask("edge", "127.0.0.1", none), null, JSON.stringify(none));
});

test("who has one address of an IPv6 network counts as one", () => {
  assert.equal(addressGroup("203.0.113.7"), "203.0.113.7");
  assert.equal(addressGroup("2001:db8::7"), "2001:db8:0:0::/64");
  assert.equal(addressGroup("2001:db8:0:0:1:2:3:4"), "2001:db8:0:0::/64");
  assert.equal(addressGroup("2001:db8:0:1::1"), "2001:db8:0:1::/64");
  assert.equal(addressGroup("::1"), "0:0:0:0::/64");
});

function asHop(text: string): Record<string, string> {
  return { "x-forwarded-for": text };
}
