import { fileURLToPath } from "node:url";
import { builderContract } from "../../../test/contracts/builder.ts";
import { node } from "./index.ts";

builderContract("node", {
  builder: node.builders[0],
  fixture: fileURLToPath(new URL("fixture", import.meta.url)),
  answers: /Hello from Node after 2000 ms/,
});
