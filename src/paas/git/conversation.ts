/** A client's conversation with the repository of an app. */
import type { Actor } from "#core/actor.ts";
import type { GitService } from "#core/api/git.ts";
import type { Repository } from "./repository.ts";

export type GitConversation = {
  readonly app: string;
  readonly service: GitService;
  readonly by: Actor;
  /** Throws when they may not push any more: a deploy begins long after who asks was looked at. */
  readonly stillMay: () => Promise<void>;
  /** The command that is run, given where the repository is, and what it finds in its environment beside ours. */
  readonly command: (repository: Repository) => {
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
};
