/** Ranges of versions as package.json writes them: `^22.3`, `>=18 <21`, `20.x || 22`, `18 - 20`. No pre-releases. */

export type Version = readonly [number, number, number];

/** `22.3.1` or `v22.3.1`; undefined for anything else, pre-releases included. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text.trim());
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

type Bound = { readonly least: Version; readonly below: Version };

const end: Version = [Number.MAX_SAFE_INTEGER, 0, 0];

/** A test for versions, or undefined when the text is no range. */
export function parseRange(text: string): ((version: Version) => boolean) | undefined {
  if (text.length > 256) return undefined;
  const alternatives = text.split("||").map(parseAll);
  const sound = alternatives.filter((bounds) => bounds !== undefined);
  if (sound.length < alternatives.length) return undefined;
  return (version) => sound.some((bounds) => bounds.every((bound) => within(version, bound)));
}

function within(version: Version, { least, below }: Bound): boolean {
  return compareVersions(version, least) >= 0 && compareVersions(version, below) < 0;
}

/** Bounds that must all hold. */
function parseAll(text: string): readonly Bound[] | undefined {
  const hyphen = /^\s*(\S+)\s+-\s+(\S+)\s*$/.exec(text);
  const words =
    hyphen === null
      ? text
          .replace(/([<>=~^]+)\s+/g, "$1")
          .trim()
          .split(/[\s,]+/)
          .filter((word) => word !== "")
      : [`>=${hyphen[1] ?? ""}`, `<=${hyphen[2] ?? ""}`];
  const bounds = words.map(parseComparator);
  const sound = bounds.filter((bound) => bound !== undefined);
  return sound.length < bounds.length ? undefined : sound;
}

function parseComparator(word: string): Bound | undefined {
  const match = /^(\^|~>?|>=|<=|>|<|=)?v?(\d{1,6}|[xX*])(?:\.(\d{1,6}|[xX*]))?(?:\.(\d{1,6}|[xX*]))?$/.exec(word);
  if (match === null) return undefined;
  const [, operator = "", ...parts] = match;
  const digits: number[] = [];
  for (const part of parts) {
    if (part === undefined || /[xX*]/.test(part)) break;
    digits.push(Number(part));
  }
  const [major, minor, patch] = digits;
  const least: Version = [major ?? 0, minor ?? 0, patch ?? 0];
  /** First version after all that the given digits stand for. */
  const after = bump(least, digits.length - 1);
  const zero: Version = [0, 0, 0];
  if (operator === ">=") return { least, below: end };
  if (operator === "<") return { least: zero, below: least };
  if (operator === ">") return { least: after, below: end };
  if (operator === "<=") return { least: zero, below: after };
  if (operator.startsWith("~")) return { least, below: bump(least, Math.min(digits.length - 1, 1)) };
  if (operator === "^") {
    // The first part that is not zero must stay; `^0.x` stays in its last given part.
    const first = digits.findIndex((digit) => digit > 0);
    return { least, below: bump(least, first < 0 ? digits.length - 1 : first) };
  }
  return { least, below: after };
}

/** The version with the part at `index` raised by one and all later ones zero; no end for an index below 0. */
function bump([major, minor, patch]: Version, index: number): Version {
  if (index < 0) return end;
  if (index === 0) return [major + 1, 0, 0];
  return index === 1 ? [major, minor + 1, 0] : [major, minor, patch + 1];
}

/** The newest of the versions within the range; undefined when there is none. */
export function newestWithin(versions: readonly string[], range: (version: Version) => boolean): string | undefined {
  return versions
    .flatMap((text) => {
      const version = parseVersion(text);
      return version !== undefined && range(version) ? [version] : [];
    })
    .toSorted(compareVersions)
    .at(-1)
    ?.join(".");
}
