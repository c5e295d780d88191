/**
 * Serves git: each conversation with a client is one git process, whose hooks ask us. It goes on when its client has gone,
 * and is read to its end, so that a broken connection breaks no deploy.
 */
import { existsSync } from "node:fs";
import { AppError, toAppError } from "#core/errors.ts";
import { getApp } from "#store/apps.ts";
import { deployBranch } from "#store/sources.ts";
import { listSshKeys } from "#store/ssh-keys.ts";
import type { StreamProcess } from "#sys/stream-process.ts";
import { existenceLine } from "../apps.ts";
import { requireRoom } from "../disk/room.ts";
import type { Platform } from "../platform.ts";
import { writeAuthorizedKeys } from "./authorized-keys.ts";
import type { GitConversation } from "./conversation.ts";
import type { GitPlace } from "./git-environment.ts";
import { answerHooks, writeHooks } from "./hooks.ts";
import { createPush } from "./push.ts";
import { makeRepository, pointHead, removeRepository, repositoryAt } from "./repository.ts";

export type GitHost = {
  /**
   * `cut` is aborted when who asked may not any more: the client must be let go, while a deploy that has begun goes on.
   * Throws RATE_LIMITED, DISK_FULL, CONFLICT (it is being destroyed), UNAVAILABLE.
   */
  open(conversation: GitConversation): Promise<StreamProcess & { readonly cut: AbortSignal }>;
  /** Tells sshd the keys of all users. */
  keysChanged(): Promise<void>;
  /** Told the branch that deploys, so that a clone checks it out. */
  branchChanged(app: string, branch: string): Promise<void>;
};

/** Conversations at a time: of one user, of all. Each is a process or two, and a waiting push is one. */
const openMax = { perUser: 8, all: 32 };

export function createGitHost(platform: Platform, place: GitPlace): GitHost {
  const { layout, store, queue, stopping, log } = platform;
  const open = new Set<GitConversation>();
  const ofApp = (app: string): boolean => [...open].some((one) => one.app === app);
  writeHooks(layout.gitHooks);

  const count = (conversation: GitConversation): void => {
    const mine = [...open].filter(({ by }) => by.name === conversation.by.name).length;
    if (mine >= openMax.perUser || open.size >= openMax.all)
      throw new AppError("RATE_LIMITED", "Too many pushes and fetches are under way.", {
        hint: "Wait for them to end and try again.",
      });
    open.add(conversation);
  };
  /** A first push that was refused leaves no repository. */
  const forgetUnknown = (app: string): Promise<void> =>
    queue.run(existenceLine(app), async () => {
      if (!ofApp(app) && (await getApp(store, app)) === undefined) await removeRepository(layout, app);
    });
  return {
    async open(conversation) {
      const { app, service } = conversation;
      count(conversation);
      try {
        if (service === "git-receive-pack") await requireRoom(platform);
        const branch = await deployBranch(store, app);
        const repository = await queue.run(existenceLine(app), async () => {
          const found = await getApp(store, app);
          if (found !== undefined && found.destroyedBy !== null)
            throw new AppError("CONFLICT", `The app ${app} is being destroyed.`, {
              hint: "Push again when it is gone.",
            });
          return makeRepository(layout.repository(app), place);
        });
        if (branch !== null) await pointHead(repository, branch);
        const { argv, env } = conversation.command(repository);
        const running = repository.start(argv, env);
        const cut = (): void => running.kill();
        stopping.addEventListener("abort", cut, { once: true });
        if (service === "git-receive-pack") {
          const decide = createPush(platform, repository, conversation, running.ended);
          answerHooks(running.channel, decide).catch((error: unknown) => {
            log.error("a push was refused, for its hooks could not be answered", { app, error });
            running.kill();
          });
        } else running.channel.resume();
        const over = new AbortController();
        const revoked = new AbortController();
        const letGo = (): void => {
          revoked.abort();
          // Without the rest of its pack a push is refused by git; one that deploys goes on.
          if (service === "git-upload-pack") running.kill();
        };
        void watchRight(conversation, platform, over.signal, letGo);
        const end = async (): Promise<void> => {
          await running.ended;
          over.abort();
          stopping.removeEventListener("abort", cut);
          open.delete(conversation);
          await forgetUnknown(app).catch((error: unknown) => log.warn("a repository was left behind", { app, error }));
        };
        void end();
        return { ...running, cut: revoked.signal };
      } catch (thrown) {
        open.delete(conversation);
        throw thrown;
      }
    },
    keysChanged: () =>
      queue.run("#keys", async () => {
        writeAuthorizedKeys(layout.authorizedKeys, await listSshKeys(store), place.relay);
      }),
    async branchChanged(app, branch) {
      if (existsSync(layout.repository(app))) await pointHead(repositoryAt(layout.repository(app), place), branch);
    },
  };
}

/** Milliseconds between two looks at whether who asked still may. */
const lookEvery = 2000;

/** Calls `letGo` as soon as it may not any more, unless it is over before. */
async function watchRight(
  { stillMay }: GitConversation,
  { clock }: Pick<Platform, "clock">,
  over: AbortSignal,
  letGo: () => void,
): Promise<void> {
  for (;;) {
    await clock.sleep(lookEvery, over).catch(() => undefined);
    if (over.aborted) return;
    try {
      await stillMay();
    } catch (thrown) {
      // A store that is away says nothing of a right.
      if (["UNAUTHENTICATED", "DENIED", "APP_NOT_FOUND"].includes(toAppError(thrown).code)) return letGo();
    }
  }
}
