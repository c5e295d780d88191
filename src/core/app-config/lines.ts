/** On which line of a TOML text a key stands. Best effort: the parser keeps no positions, so headers and keys are looked for. */

/** The 1-based line of the deepest part of `path` that can be found; undefined when none can. */
export function lineOf(text: string, path: readonly PropertyKey[]): number | undefined {
  const wanted = path.filter((part) => typeof part === "string");
  let section: readonly string[] = [];
  let best: { depth: number; line: number } | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const header = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$/.exec(raw);
    const keyText =
      header === null
        ? /^\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=/.exec(raw)?.[1]
        : undefined;
    if (header?.[1] !== undefined) section = dotted(header[1]);
    const at = header !== null ? section : keyText === undefined ? undefined : [...section, ...dotted(keyText)];
    if (at === undefined || at.length > wanted.length || at.some((part, i) => part !== wanted[i])) continue;
    if (best === undefined || at.length > best.depth) best = { depth: at.length, line: index + 1 };
  }
  return best?.line;
}

function dotted(key: string): readonly string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}
