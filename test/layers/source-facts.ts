/** What one source file says, read off its syntax tree: what it imports and the few constructs that the house rules name. */
import { parseAst } from "rolldown/parseAst";

export type Import = {
  readonly specifier: string;
  /** `import type`: gone at run time. An `import { type X }` is not, it still loads the file. */
  readonly typeOnly: boolean;
  /** Names as the imported file calls them; `*` for all of them. */
  readonly names: readonly string[];
};

export type SourceFacts = {
  readonly imports: readonly Import[];
  /** An `import()` or `require()` whose argument is no literal, so that no rule can follow it. */
  readonly computedImport: boolean;
  readonly usesAny: boolean;
  /** Members of `process` that only cmd/ may touch. */
  readonly processMembers: readonly string[];
  /** `export * from`, or a file that does nothing but re-export. */
  readonly isBarrel: boolean;
  readonly lines: number;
};

type Node = { readonly type: string } & Readonly<Record<string, unknown>>;

const guarded = new Set(["env", "argv", "exit", "exitCode"]);

/** Throws when the text does not parse. */
export function readSource(path: string, text: string): SourceFacts {
  const program = parseAst(text, { lang: path.endsWith(".js") ? "js" : "ts", sourceType: "module" }, path);
  const imports: Import[] = [];
  const processMembers: string[] = [];
  let computedImport = false;
  let usesAny = false;
  visit(program, (node) => {
    const found = importOf(node);
    if (found !== undefined) imports.push(found);
    if (found !== undefined && isProcess(found.specifier)) {
      processMembers.push(...found.names.filter((name) => guarded.has(name)));
    }
    if (isDynamicImport(node) && found === undefined) computedImport = true;
    if (node.type === "TSAnyKeyword") usesAny = true;
    processMembers.push(...membersOfProcess(node));
  });
  const body: readonly Node[] = program.body.map(asNode);
  const isBarrel =
    body.some((node) => node.type === "ExportAllDeclaration") ||
    (body.length > 0 && body.every((node) => node.type === "ExportNamedDeclaration" && isNode(node["source"])));
  return { imports, computedImport, usesAny, processMembers, isBarrel, lines: text.split("\n").length - 1 };
}

function importOf(node: Node): Import | undefined {
  const specifier = isNode(node["source"]) ? literal(node["source"]) : undefined;
  if (node.type === "ImportDeclaration" && specifier !== undefined) {
    return { specifier, typeOnly: node["importKind"] === "type", names: namesIn(node["specifiers"], "imported") };
  }
  if (node.type === "ExportNamedDeclaration" && specifier !== undefined) {
    return { specifier, typeOnly: node["exportKind"] === "type", names: namesIn(node["specifiers"], "local") };
  }
  if (node.type === "ExportAllDeclaration" && specifier !== undefined) {
    return { specifier, typeOnly: node["exportKind"] === "type", names: ["*"] };
  }
  if (node.type === "TSImportType" && specifier !== undefined) {
    return { specifier, typeOnly: true, names: [nameOf(node["qualifier"]) ?? "*"] };
  }
  if (!isDynamicImport(node)) return undefined;
  const argument = specifier ?? literal(list(node["arguments"])[0]);
  return argument === undefined ? undefined : { specifier: argument, typeOnly: false, names: ["*"] };
}

function isDynamicImport(node: Node): boolean {
  if (node.type === "ImportExpression") return true;
  return node.type === "CallExpression" && isNode(node["callee"]) && node["callee"]["name"] === "require";
}

/** `process.env`, `process["env"]` and `const { env } = process`. */
function membersOfProcess(node: Node): string[] {
  const isIt = (value: unknown): boolean => isNode(value) && value["name"] === "process";
  if (node.type === "MemberExpression" && isIt(node["object"]) && isNode(node["property"])) {
    const name = nameOf(node["property"]) ?? "";
    return guarded.has(name) ? [name] : [];
  }
  if (node.type === "VariableDeclarator" && isIt(node["init"]) && isNode(node["id"])) {
    return namesIn(node["id"]["properties"], "key").filter((name) => guarded.has(name));
  }
  return [];
}

function namesIn(specifiers: unknown, key: string): string[] {
  return list(specifiers).map((one) => {
    if (isNode(one) && one.type === "ImportDefaultSpecifier") return "default";
    return (isNode(one) ? nameOf(one[key]) : undefined) ?? "*";
  });
}

/** What an identifier or a string literal calls something. */
function nameOf(node: unknown): string | undefined {
  return isNode(node) && typeof node["name"] === "string" ? node["name"] : literal(node);
}

function isProcess(specifier: string): boolean {
  return specifier === "node:process" || specifier === "process";
}

function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal" && typeof node["value"] === "string") return node["value"];
  if (node.type !== "TemplateLiteral" || list(node["expressions"]).length > 0) return undefined;
  const [quasi] = list(node["quasis"]);
  const value = isNode(quasi) ? (quasi["value"] as { cooked?: string } | undefined) : undefined;
  return value?.cooked;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const one of value) visit(one, see);
  else if (isNode(value)) {
    see(value);
    for (const child of Object.values(value)) if (typeof child === "object") visit(child, see);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function asNode(value: unknown): Node {
  if (!isNode(value)) throw new TypeError("not a syntax node");
  return value;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
