/** On which line of a TOML text a key stands. Best effort: the parser keeps no positions, so headers and keys are looked for. */

/**
 * Reads the text once and answers for any number of keys: the 1-based line of the deepest part of a path that can be found;
 * undefined when none can. The text is anybody's, so every expression here takes time in proportion to its line.
 */
export function lineFinder(text: string): (path: readonly PropertyKey[]) => number | undefined {
  const lines = new Map<string, number>();
  let section: readonly (string | number)[] = [];
  /** Of each list of tables, how many have begun. */
  const begun = new Map<string, number>();
  const note = (at: readonly (string | number)[], line: number): void => {
    if (at.length === 0 || at.length > depthMax) return;
    const key = JSON.stringify(at);
    if (!lines.has(key)) lines.set(key, line);
  };
  for (const [index, raw] of text.split("\n").entries()) {
    const header = /^\s*\[(\[?)([^[\]]+)\]\]?\s*(?:#.*)?$/.exec(raw);
    const keyText =
      header === null
        ? /^\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=/.exec(raw)?.[1]
        : undefined;
    if (header?.[2] !== undefined) section = dotted(header[2]);
    if (header?.[1] === "[") {
      note(section, index + 1);
      const list = JSON.stringify(section);
      const nth = begun.get(list) ?? 0;
      begun.set(list, nth + 1);
      section = [...section, nth];
    }
    const at = header !== null ? section : keyText === undefined ? undefined : [...section, ...dotted(keyText)];
    if (at !== undefined) note(at, index + 1);
  }
  return (path) => {
    const wanted = path.slice(0, depthMax);
    for (let depth = wanted.length; depth > 0; depth -= 1) {
      const line = lines.get(JSON.stringify(wanted.slice(0, depth)));
      if (line !== undefined) return line;
    }
    return undefined;
  };
}

/** Nothing that the schema knows is deeper. */
const depthMax = 16;

function dotted(key: string): readonly string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|([\w-]+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}
