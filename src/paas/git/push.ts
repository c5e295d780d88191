/**
 * What the hooks of one push are answered. The branch moves when its commit serves, and not before: git waits for the
 * deploy. Pushes to one app stand in a line of their own until git has ended, so that each finds the branch as the one
 * before has left it.
 */
import type { DoneEvent } from "#core/api/deploys.ts";
import { AppError, type ErrorCode, toAppError } from "#core/errors.ts";
import { getApp } from "#store/apps.ts";
import { appendEvent } from "#store/events.ts";
import { deployBranch } from "#store/sources.ts";
import { beginDeploy } from "../deploy/begin.ts";
import { followDeploy } from "../deploy/follow.ts";
import type { Platform } from "../platform.ts";
import { archiveOf } from "./archive.ts";
import { checkCommit } from "./check-commit.ts";
import type { GitConversation } from "./conversation.ts";
import type { Ask } from "./hooks.ts";
import { branchRef, isNone, judgePush, type JudgedPush, type RefChange } from "./judge-push.ts";
import { pushLine } from "./push-line.ts";
import { eventLines, faultLines, line } from "./push-words.ts";
import { keepReplaced, tipOf, type Repository } from "./repository.ts";
import { settleBranch } from "./settle.ts";

/** Changes beside the first that the audit log names. */
const recordedMax = 20;

type Push = Pick<GitConversation, "app" | "by" | "stillMay">;

/** `ended`: git's end. */
export function createPush(
  platform: Platform,
  repository: Repository,
  push: Push,
  ended: Promise<unknown>,
): (ask: Ask) => Promise<boolean> {
  const { app, by } = push;
  let judged: JudgedPush = { branch: null, tags: [] };

  const record = async (changes: readonly RefChange[], outcome: string): Promise<void> => {
    const [first, ...more] = changes.map(({ ref, to }) => `${ref} ${isNone(to) ? "removed" : to}`);
    if (first === undefined) return;
    const details = more.length === 0 ? {} : { details: { more: more.slice(0, recordedMax) } };
    await appendEvent(platform.store, { actor: by, action: "app.push", app, target: first, outcome, ...details });
  };
  /** Whatever it is refused for, the client reads it, and git is told no. */
  const orRefuse = async (ask: Ask, changes: readonly RefChange[], work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === "INTERNAL") platform.log.error("a push failed unexpectedly", { app, error: error.cause });
      for (const one of faultLines(error, app)) await ask.say(one);
      await record(changes, error.code);
      return false;
    }
  };

  return async (ask) => {
    if (ask.hook === "pre-receive") {
      return orRefuse(ask, ask.changes, async () => {
        judged = judgePush(app, ask.changes, await deployBranch(platform.store, app));
        if (judged.branch === null && (await getApp(platform.store, app)) === undefined)
          throw new AppError("APP_NOT_FOUND", `There is no app ${app}, and a tag makes none.`, {
            hint: "Push the branch main first.",
          });
        await push.stillMay();
        await record(
          ask.changes.filter(({ ref }) => judged.branch === null || ref !== branchRef(judged.branch)),
          "ok",
        );
        if (judged.tags.length > 0) await ask.say(line("-----> tags are kept, and deploy nothing"));
      });
    }
    const [change] = ask.changes;
    const { branch } = judged;
    if (change === undefined || branch === null || change.ref !== branchRef(branch)) return true;
    const turn = Promise.withResolvers<boolean>();
    const waiting = setTimeout(() => void ask.say("-----> waiting for another push to end"), 1000);
    void platform.queue.run(pushLine(app), async () => {
      clearTimeout(waiting);
      let isLive = false;
      const goesOn = await orRefuse(ask, [change], async () => {
        await deployPushed(platform, repository, push, { ...change, branch, say: ask.say });
        isLive = true;
        await platform.fault("push:live");
      });
      turn.resolve(goesOn);
      await ended;
      if (!isLive) return;
      // git has moved the branch, unless it was killed or its disk is full.
      await settleBranch(platform, repository, app, { branch, commit: change.to });
      await record([change], "ok");
    });
    return turn.promise;
  };
}

type Pushed = RefChange & { readonly branch: string; readonly say: (line: string) => Promise<void> };

/** Returns when it is live. Throws whatever made the push or its deploy fail. */
async function deployPushed(
  platform: Platform,
  repository: Repository,
  { app, by, stillMay }: Push,
  { branch, from, to, say }: Pushed,
): Promise<void> {
  await stillMay();
  const tip = await tipOf(repository, branch);
  if (tip !== (isNone(from) ? null : from))
    throw new AppError("CONFLICT", `Another push has moved ${branch} meanwhile.`, {
      hint: "Take it over with `git pull`, then push again.",
    });
  await checkCommit(repository, to);
  if (tip !== null) await keepReplaced(repository, tip, to);
  const archive = archiveOf(repository, to);
  const { deploy, created } = await beginDeploy(platform, {
    app,
    create: true,
    replace: false,
    archive,
    source: { kind: "push", branch, commit: to },
    env: {},
    by,
    signal: platform.stopping,
  });
  await say(
    line(`-----> ${created ? `made the app ${app}; ` : ""}deploy ${deploy} of ${app}: ${branch} at ${to.slice(0, 10)}`),
  );
  for await (const event of followDeploy(platform, app, deploy, 0, platform.stopping)) {
    if (event.event === "done" && event.data.outcome !== "succeeded") throw failureOf(event.data, deploy);
    for (const one of eventLines(event)) await say(one);
    if (event.event === "done") return;
  }
  throw new AppError("UNAVAILABLE", `The server is stopping; its next start brings deploy ${deploy} to its end.`, {
    hint: `\`hop3 app show --app ${app}\` tells how it ended; then push again.`,
  });
}

function failureOf({ outcome, error }: DoneEvent, deploy: number): AppError {
  if (error === undefined) return new AppError("CANCELED", `Deploy ${deploy} was ${outcome}.`);
  const { code, message, hint, details } = error;
  return new AppError(code as ErrorCode, message, { hint, details });
}
