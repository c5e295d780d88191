/** Where the set-up puts things, and the name of the Node that this machine gets. */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../../..");
const tools = join(root, ".tools");

export const nodePackage = `node-linux-${process.arch}`;

export const paths = {
  root,
  tools,
  /** The whole Node 26: bin/node and include/node, what native add-ons must be compiled against. */
  nodePrefix: join(root, "node_modules", nodePackage),
  node: join(root, "node_modules", nodePackage, "bin/node"),
  python: join(tools, "python"),
  npmTool: join(tools, "npm"),
  npmToolSource: join(root, "scripts/npm-tool"),
  toolBin: join(tools, "bin"),
  compileCache: join(tools, "compile-cache"),
};
