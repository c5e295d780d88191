import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VolumeSpec } from "#core/volume.ts";
import { Refusal } from "../refusal.ts";
import { volumesOf } from "./volume-record.ts";

const kept: VolumeSpec = { name: "media", target: "var/media", mode: "rw", type: "persist" };
const memory: VolumeSpec = { name: "scratch", target: "tmp", mode: "rw", type: "tmpfs", bytes: 1024 * 1024 };
const host: VolumeSpec = { name: "host", target: "pictures", mode: "ro", type: "bind", source: "/srv/pictures" };

function refused(value: unknown): string {
  try {
    volumesOf(value, "volumes");
  } catch (error) {
    if (error instanceof Refusal && error.code === "invalid") return error.message;
    throw error;
  }
  return assert.fail(`not refused: ${JSON.stringify(value)}`);
}

describe("the volumes of a record", () => {
  it("are taken as they are when each field holds", () => {
    assert.deepEqual(volumesOf([kept, memory, host], "volumes"), [kept, memory, host]);
    assert.deepEqual(volumesOf([], "volumes"), []);
  });

  it("lead nowhere but down into the tree, in one form only", () => {
    const wrong = [
      "",
      ".",
      "..",
      "/",
      "/etc",
      "../a",
      "a/../../b",
      "a/..",
      "a/.",
      "./a",
      "a//b",
      "a/",
      "a\0b",
      "a b",
      "a;reboot",
      "$(id)",
      "a\\b",
      "a\nb",
      "\u00fcber",
      "\u0430",
      "a\u202eb",
      ".hop3",
      ".hop3/volumes/x",
      "x".repeat(300),
      7,
      null,
    ];
    for (const target of wrong) assert.match(refused([{ ...kept, target }]), /target/, String(target));
    for (const name of ["", ".", "..", "a/b", "A", ".a", "a".repeat(33), "a\0", "\u0430", 7]) {
      assert.match(refused([{ ...kept, name }]), /name/, String(name));
    }
    for (const source of ["", "srv", "/", "/srv/", "/srv/../etc", "//srv", "/srv/./a", "/srv\0", "/a b", 7, null]) {
      assert.match(refused([{ ...host, source }]), /source/, String(source));
    }
  });

  it("have the fields of their type and no others", () => {
    assert.match(refused([{ ...kept, source: "/etc" }]), /source is for a bind alone/);
    assert.match(refused([{ ...kept, bytes: 1 }]), /bytes are for a tmpfs alone/);
    assert.match(refused([{ name: "a", target: "a", mode: "rw", type: "bind" }]), /source/);
    assert.match(refused([{ name: "a", target: "a", mode: "rw", type: "tmpfs" }]), /bytes/);
    assert.match(refused([{ ...kept, uid: 0 }]), /unknown key "uid"/);
    assert.match(refused([{ ...kept, type: "overlay" }]), /must be one of persist, tmpfs, bind/);
    assert.match(refused([{ ...kept, mode: "rwx" }]), /must be one of rw, ro/);
    for (const bytes of [0, -1, 1.5, 1e300, "1M"]) assert.match(refused([{ ...memory, bytes }]), /bytes/);
  });

  it("are each another, by name and by place", () => {
    assert.match(refused([kept, { ...memory, name: "media" }]), /name is taken/);
    assert.match(refused([kept, { ...memory, target: "var/media/inner" }]), /lies in another/);
    assert.match(refused([kept, { ...memory, target: "var" }]), /lies in another/);
    const many = Array.from({ length: 33 }, (_, index) => ({ ...kept, name: `v${index}`, target: `v${index}` }));
    assert.match(refused(many), /more than 32/);
  });
});
