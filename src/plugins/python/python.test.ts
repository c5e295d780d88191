import { fileURLToPath } from "node:url";
import { builderContract } from "../../../test/contracts/builder.ts";
import { python } from "./index.ts";

builderContract("python", {
  builder: python.builders[0],
  fixture: fileURLToPath(new URL("fixture", import.meta.url)),
  answers: /Hello from Python/,
});
