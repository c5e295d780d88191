/** docs/errors.md from the error table. */
import { errorTable } from "#core/errors.ts";
import { generatedNote, mdTable } from "./markdown.ts";

const exits: readonly (readonly [number, string])[] = [
  [0, "it worked, also when there was nothing to list"],
  [1, "a defect of Hop3"],
  [2, "wrong use or bad input"],
  [3, "the app, server or other thing named was not found"],
  [4, "not logged in"],
  [5, "not allowed"],
  [6, "a conflict with what exists or runs"],
  [7, "network or server trouble"],
  [8, "the app failed to deploy"],
  [9, "a plugin failed"],
  [10, "a confirmation is missing or was declined"],
  [130, "interrupted"],
];

export function errorReference(): string {
  return [
    "# Errors",
    "",
    generatedNote,
    "",
    "Every error of the CLI and the API has a code from this table (`src/core/errors.ts`). `hop3 --json` prints the code in",
    "`error.code`; the API answers `application/problem+json` with it in `code`.",
    "",
    "## Exit statuses",
    "",
    ...mdTable(
      ["exit", "means"],
      exits.map(([exit, means]) => [String(exit), means]),
    ),
    "",
    "## Codes",
    "",
    ...Object.entries(errorTable).flatMap(([name, { exit, http, grpc, hint }]) => [
      `### ${name}`,
      "",
      `Exit ${exit}, HTTP ${http}, gRPC ${grpc}. ${hint}`,
      "",
    ]),
  ].join("\n");
}
