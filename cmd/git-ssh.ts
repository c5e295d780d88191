/**
 * What sshd runs for every key of Hop3, in place of whatever was asked for: it hands that to hop3d, which decides, and passes
 * bytes on. It knows no shell and reads no environment, and it starts for every push: it loads next to nothing.
 *
 *   git-ssh.ts SOCKET FINGERPRINT COMMAND CONNECTION PROTOCOL
 */
import { connect } from "node:net";
import { gitFrameReader, type GitHello } from "#core/git-frames.ts";

const [socket = "", key = "", command = "", connection = "", protocol = ""] = process.argv.slice(2);
let status: number | undefined;

function give(stream: NodeJS.WriteStream, data: Uint8Array): void {
  if (stream.write(data)) return;
  hop3d.pause();
  stream.once("drain", () => hop3d.resume());
}

const hop3d = connect(socket);
const read = gitFrameReader();
hop3d.on("data", (chunk: Buffer) => {
  for (const frame of read(chunk)) {
    if (frame.kind === "exit") status = frame.status;
    else give(frame.kind === "stdout" ? process.stdout : process.stderr, frame.data);
  }
});
hop3d.on("error", () => undefined);
hop3d.on("close", () => {
  if (status === undefined)
    process.stderr.write(
      "hop3: the server does not answer, or was stopped; `hop3 app show` tells how a deploy ended.\n",
    );
  process.exitCode = status ?? 1;
  // Nothing more will be read; what was said is still on its way out.
  process.stdin.destroy();
});
// The client has gone: so have we, and hop3d sees it.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
process.stdin.on("error", () => hop3d.end());
hop3d.write(`${JSON.stringify({ version: 1, key, command, connection, protocol } satisfies GitHello)}\n`);
process.stdin.pipe(hop3d);
