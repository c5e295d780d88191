import { fileURLToPath } from "node:url";
import { builderContract } from "../../../test/contracts/builder.ts";
import { staticSite } from "./index.ts";

builderContract("static", {
  builder: staticSite.builders[0],
  fixture: fileURLToPath(new URL("fixture", import.meta.url)),
  answers: /Hello from a file/,
});
