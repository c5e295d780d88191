/** The few forms of Markdown that the generated pages use. */

export const generatedNote = "<!-- Made from the code by scripts/generate-docs.ts; do not edit. -->";

export function mdTable(headers: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`).replaceAll("\n", " ")).join(" | ")} |`;
  return [line(headers), line(headers.map(() => "---")), ...rows.map(line)];
}

export function code(text: string): string {
  return `\`${text}\``;
}
