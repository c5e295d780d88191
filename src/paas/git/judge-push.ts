/** What a push may change, decided before anything of it is kept. Pure. */
import { AppError } from "#core/errors.ts";
import { quote } from "#core/names.ts";

/** Object names are 40 hexadecimal digits; 40 zeros stand for none. */
export type RefChange = { readonly ref: string; readonly from: string; readonly to: string };

/** Branches and tags that one push may change, and bytes of one's name. */
const changesMax = 500;
const refMax = 250;

/** Until an app has a branch, the first of these that is pushed becomes it. */
const firstBranches = ["main", "master"] as const;

const branchPrefix = "refs/heads/";

export function branchRef(branch: string): string {
  return `${branchPrefix}${branch}`;
}

export function isNone(object: string): boolean {
  return /^0+$/.test(object);
}

export type JudgedPush = {
  /** The branch that this push deploys from; null when it changes none. */
  readonly branch: string | null;
  /** Names of tags that are stored, and deploy nothing. */
  readonly tags: readonly string[];
};

/**
 * `branch` is the app's own, null when it has none yet. A push is taken whole or not at all: what deploys nothing is refused,
 * so that nobody takes it for a deploy. Throws INVALID_INPUT, TOO_LARGE.
 */
export function judgePush(app: string, changes: readonly RefChange[], branch: string | null): JudgedPush {
  if (changes.length > changesMax)
    throw new AppError("TOO_LARGE", `The push changes more than ${changesMax} branches and tags.`, {
      hint: "Push the branch that deploys alone.",
    });
  const long = changes.find(({ ref }) => Buffer.byteLength(ref) > refMax);
  if (long !== undefined)
    throw new AppError("INVALID_INPUT", `The name ${quote(long.ref)} has more than ${refMax} bytes.`, {
      hint: "Give it a shorter name.",
    });
  const pushed = (name: string): boolean => changes.some(({ ref }) => ref === branchRef(name));
  const deploys = branch ?? firstBranches.find(pushed) ?? null;
  for (const change of changes) judgeChange(app, change, branch, deploys);
  return {
    branch: deploys !== null && pushed(deploys) ? deploys : null,
    tags: changes.flatMap(({ ref, to }) => (ref.startsWith("refs/tags/") && !isNone(to) ? [ref.slice(10)] : [])),
  };
}

function judgeChange(app: string, { ref, to }: RefChange, branch: string | null, deploys: string | null): void {
  if (ref.startsWith("refs/tags/")) return;
  if (!ref.startsWith(branchPrefix))
    throw new AppError("INVALID_INPUT", `${quote(ref)} is neither a branch nor a tag.`, {
      hint: "Only branches and tags are kept here.",
    });
  const name = ref.slice(branchPrefix.length);
  if (name === deploys && !isNone(to)) return;
  if (name === deploys)
    throw new AppError("INVALID_INPUT", `The branch ${name} is what ${app} is deployed from; it is not removed.`, {
      hint: `\`hop3 app destroy --app ${app}\` ends the app, \`hop3 git setup --branch NAME\` takes another branch.`,
    });
  // One that was the app's branch once.
  if (isNone(to)) return;
  const target = deploys ?? "main";
  // A name may hold what a shell would take for more than a name.
  const shown = /^[\w./-]+$/.test(name) ? name : "BRANCH";
  throw new AppError(
    "INVALID_INPUT",
    branch === null
      ? `${quote(name)} deploys nothing: the first push to ${app} is to main or master.`
      : `${quote(name)} deploys nothing: ${app} is deployed from ${branch}.`,
    {
      hint: `Nothing was stored. Deploy it with: git push REMOTE ${shown}:${target} - or take it as the branch: hop3 git setup --branch ${shown}`,
    },
  );
}
