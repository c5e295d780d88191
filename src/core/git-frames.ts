/**
 * How hop3d and the program that sshd runs for git speak, over a unix socket. The program says first who is there, as one
 * line of JSON, and then passes on what git sends, byte for byte. hop3d answers in frames: a letter, the length in four
 * bytes, and so many bytes.
 */

/** What sshd knows of who is there. */
export type GitHello = {
  readonly version: 1;
  /** Fingerprint of the key that was proved. */
  readonly key: string;
  /** SSH_ORIGINAL_COMMAND. */
  readonly command: string;
  /** SSH_CONNECTION. */
  readonly connection: string;
  /** GIT_PROTOCOL. */
  readonly protocol: string;
};

/** Bytes that the first line may have. */
export const gitHelloMax = 16 * 1024;

const letters = { stdout: 0x6f, stderr: 0x65, exit: 0x78 } as const;

export type GitFrame =
  | { readonly kind: "stdout" | "stderr"; readonly data: Uint8Array }
  | { readonly kind: "exit"; readonly status: number };

export function encodeGitFrame(frame: GitFrame): Buffer {
  const data = frame.kind === "exit" ? Buffer.from([frame.status & 0xff]) : frame.data;
  const head = Buffer.alloc(5);
  head[0] = letters[frame.kind];
  head.writeUInt32BE(data.length, 1);
  return Buffer.concat([head, data]);
}

/** Takes what comes, in whatever pieces, and gives the frames that are complete. Throws on what is none. */
export function gitFrameReader(): (chunk: Uint8Array) => GitFrame[] {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    const bytes = Buffer.concat([rest, chunk]);
    const frames: GitFrame[] = [];
    let at = 0;
    while (bytes.length - at >= 5) {
      const end = at + 5 + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      const data = bytes.subarray(at + 5, end);
      if (bytes[at] === letters.stdout) frames.push({ kind: "stdout", data });
      else if (bytes[at] === letters.stderr) frames.push({ kind: "stderr", data });
      else if (bytes[at] === letters.exit) frames.push({ kind: "exit", status: data[0] ?? 1 });
      else throw new TypeError("no frame of git's");
      at = end;
    }
    rest = bytes.subarray(at);
    return frames;
  };
}
