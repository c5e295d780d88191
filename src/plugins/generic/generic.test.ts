import { fileURLToPath } from "node:url";
import { builderContract } from "../../../test/contracts/builder.ts";
import { generic } from "./index.ts";

builderContract("generic", {
  builder: generic.builders[0],
  fixture: fileURLToPath(new URL("fixture", import.meta.url)),
  answers: /Hello from a shell/,
});
