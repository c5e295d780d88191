/** The matrix has a row for every step and says so in its page; two of its cells that once did not hold run here as well. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { deployStep } from "#core/api/deploys.ts";
import { startPlatform } from "../e2e/platform.ts";
import { matrix, victims } from "./cells.ts";
import { prepareCells, runCell } from "./run-cell.ts";

let running: ReturnType<typeof startPlatform> | undefined;
const platform = () =>
  (running ??= startPlatform({ supervisor: join(import.meta.dirname, "../e2e/faulty/supervisor.ts") }).then(
    async (one) => {
      await prepareCells(one);
      return one;
    },
  ));
after(async () => (await running)?.stop());

const moments = deployStep.options.flatMap((step) => matrix[step].map((moment) => ({ step, moment })));

test("every step of a deploy is killed in, by every process there is", () => {
  assert.deepEqual(Object.keys(matrix), deployStep.options);
  for (const { step, moment } of moments) {
    assert.match(moment.point, /^(before|within|after|app):/);
    assert.equal(moment.point.replace(/^\w+:/, ""), step);
    assert.deepEqual(Object.keys(moment.cells), Object.keys(victims));
  }
});

test("the journal of a whole deploy has every step but the first, which is over before there is a deploy", async () => {
  const { layout } = await platform();
  const store = new DatabaseSync(layout.database, { readOnly: true });
  const rows = store.prepare("SELECT step, outcome FROM deploy_steps WHERE app = 'neighbour' ORDER BY seq").all();
  store.close();
  assert.deepEqual(
    rows.map(({ step, outcome }) => [step, outcome]),
    deployStep.options.slice(1).map((step) => [step, "done"]),
  );
});

for (const { moment } of moments.filter(({ step }) => step === "probe" || step === "cut-over")) {
  test(`kill -9 of the new instance at ${moment.point}`, async () => {
    await runCell(await platform(), moment, "new");
  });
}

test("the printed matrix has every moment and every process, and no cell that is empty or red", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/faults.md"), "utf8");
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  assert.deepEqual(rows[0], ["step", "when", ...Object.values(victims)]);
  assert.deepEqual(
    rows.slice(2).map(([step, says]) => [step, says]),
    moments.map(({ step, moment }) => [step, moment.says]),
  );
  for (const [index, row] of rows.slice(2).entries()) {
    const cells = Object.values(moments[index]?.moment.cells ?? {});
    for (const [column, text] of row.slice(2).entries())
      assert.match(text, typeof cells[column] === "string" ? /^n\/a \(\d+\)$/ : /^ok \d/, row.join(" | "));
  }
});
