import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { AppError } from "#core/errors.ts";
import { readCeilings, standardCeiling } from "./ceilings.ts";

describe("the server's ceilings", () => {
  const owner = process.getuid?.() ?? 0;
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hop3-ceilings-"));
    path = join(directory, "ceilings.json");
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const write = (content: string): void => {
    writeFileSync(path, content);
    chmodSync(path, 0o644);
  };
  const refused = (message: RegExp) =>
    assert.throws(
      () => readCeilings(path, owner),
      (error) =>
        error instanceof AppError &&
        error.code === "INVALID_CONFIG" &&
        error.message.includes(path) &&
        message.test(error.message),
    );

  it("are the standard one of processes without a file", () => {
    assert.deepEqual(readCeilings(path, owner), standardCeiling);
  });

  it("are what the file says, in the words of [limits]", () => {
    write('{"memory": "1G", "cpu": 1.5, "open-files": 4096, "disk": "10G", "inodes": 100000}');
    assert.deepEqual(readCeilings(path, owner), {
      ...standardCeiling,
      memory: 1024 ** 3,
      cpu: 1.5,
      openFiles: 4096,
      disk: 10 * 1024 ** 3,
      inodes: 100_000,
    });
    write('{"processes": 500}');
    assert.deepEqual(readCeilings(path, owner), { processes: 500 });
  });

  for (const [content, message] of [
    ["{", /it is no JSON/],
    ["[1]", /it must hold one object/],
    ["null", /it must hold one object/],
    ['{"memroy": "1G"}', /"memroy" is not one of memory, cpu, processes, open-files, disk, inodes/],
    ['{"memory": "much"}', /"memory" must be a size/],
    ['{"web": {"memory": "1G"}}', /"web" is not one of/],
    [" ".repeat(70_000), /more than 65536 bytes/],
  ] as const) {
    it(`refuse a file of ${content.trim() === "" ? "blanks" : content}`, () => {
      write(content);
      refused(message);
    });
  }

  for (const mode of [0o664, 0o646]) {
    it(`refuse a file that others may write (${mode.toString(8)})`, () => {
      write("{}");
      chmodSync(path, mode);
      refused(/may be written by others/);
    });
  }

  it("refuse a link and a directory", () => {
    symlinkSync("/etc/hostname", path);
    refused(/it is a link/);
    rmSync(path);
    mkdirSync(path);
    refused(/it is no plain file/);
  });

  it("refuse a file of another user", { skip: owner !== 0 && "only root can do this" }, () => {
    write("{}");
    chownSync(path, 65_531, 65_531);
    refused(/it belongs to user 65531, not to 0/);
  });
});
