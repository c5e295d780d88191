/** Where an app is fetched from: said, shown, forgotten. */
import type { Actor } from "#core/actor.ts";
import type { SourceView } from "#core/api/sources.ts";
import { AppError } from "#core/errors.ts";
import { shownRef } from "#core/git-ref.ts";
import { appendEvent } from "#store/events.ts";
import { pullSource, removePullSource, setPullSource, type PullCredential, type PullSource } from "#store/sources.ts";
import type { Platform } from "../platform.ts";
import { requireApp } from "../require-app.ts";
import { refOf } from "./begin-pull.ts";
import { parseGitUrl } from "./pull-git.ts";

export type NewSource = {
  readonly url: string;
  readonly branch?: string | undefined;
  readonly ref?: string | undefined;
  readonly credential?: PullCredential | undefined;
};

/** Throws APP_NOT_FOUND. */
export async function showSource(platform: Platform, app: string): Promise<SourceView | null> {
  await requireApp(platform, app);
  const source = await pullSource(platform.store, app, platform.masterKey);
  return source === undefined ? null : view(source);
}

/** Nothing is fetched yet. Throws APP_NOT_FOUND, SOURCE_REFUSED, INVALID_INPUT, NOT_BUILT_YET. */
export async function setSource(platform: Platform, app: string, input: NewSource, by: Actor): Promise<SourceView> {
  await requireApp(platform, app);
  const url = parseGitUrl(input.url).href;
  const ref = refOf(input);
  const credential = input.credential ?? null;
  await setPullSource(platform.store, app, { url, ref, credential, setBy: by.name }, platform.masterKey);
  const details = { ref: shownRef(ref), token: credential !== null };
  await appendEvent(platform.store, { actor: by, action: "app.source.set", app, target: url, outcome: "ok", details });
  const source = await pullSource(platform.store, app, platform.masterKey);
  if (source === undefined) throw new AppError("CONFLICT", "The source was removed at the same moment.");
  return view(source);
}

/** Throws APP_NOT_FOUND, NOT_FOUND. */
export async function removeSource(platform: Platform, app: string, by: Actor): Promise<void> {
  await requireApp(platform, app);
  if (!(await removePullSource(platform.store, app))) {
    throw new AppError("NOT_FOUND", `${app} has no source to be fetched from.`);
  }
  await appendEvent(platform.store, { actor: by, action: "app.source.remove", app, outcome: "ok" });
}

function view({ url, ref, credential, setBy, updatedAt }: PullSource): SourceView {
  return { url, ref: ref === null ? null : shownRef(ref), credential: credential?.user ?? null, setBy, updatedAt };
}
