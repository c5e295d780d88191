/** The files of a commit as a tar, as an upload would bring them. */
import { AppError } from "#core/errors.ts";
import type { Repository } from "./repository.ts";

export async function* archiveOf(repository: Repository, commit: string): AsyncGenerator<Uint8Array> {
  const archiving = repository.start(["git", "archive", "--format=tar", commit]);
  archiving.stdin.end();
  let said = "";
  archiving.stderr.setEncoding("utf8").on("data", (chunk: string) => (said = (said + chunk).slice(-2000)));
  try {
    yield* archiving.stdout as AsyncIterable<Uint8Array>;
    const status = await archiving.ended;
    if (status !== 0)
      throw new AppError("UNAVAILABLE", "git could not read the commit that was pushed.", {
        hint: "Push again; `hop3 system logs` has what git said.",
        cause: new Error(`git archive ended with ${status}: ${said}`),
      });
  } finally {
    archiving.kill();
  }
}
