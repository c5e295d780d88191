/** The matrix has a row for every step and says so in its page; some of its cells that once did not hold run here as well. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { deployStep } from "#core/api/deploys.ts";
import { eventually } from "../e2e/apps.ts";
import { shown } from "../e2e/faulty/interruption.ts";
import { fetchThroughEdge } from "../e2e/http-through-edge.ts";
import { startPlatform } from "../e2e/platform.ts";
import { tables, ways, type Way } from "./cells.ts";
import { victims } from "./kills.ts";
import { prepareCells, runCell } from "./run-cell.ts";
import { begunBy } from "./ways.ts";

let running: ReturnType<typeof startPlatform> | undefined;
const platform = () =>
  (running ??= startPlatform({ supervisor: join(import.meta.dirname, "../e2e/faulty/supervisor.ts") }).then(
    async (one) => {
      await prepareCells(one, "deploy");
      return one;
    },
  ));
after(async () => (await running)?.stop());

const stepsOf = (way: Way) => [...new Set(tables[way].rows.map(({ step }) => step))];

test("every step of a deploy is killed in, by every process there is, and so is every other way to a release", () => {
  assert.deepEqual(stepsOf("deploy"), deployStep.options);
  for (const { step, moment } of ways.flatMap((way) => tables[way].rows)) {
    assert.match(moment.point, /^(before|within|after|app):/);
    assert.equal(moment.point.replace(/^\w+:/, ""), step);
    assert.deepEqual(Object.keys(moment.cells), Object.keys(victims));
  }
});

for (const way of ["deploy", "rollback", "warm", "variables", "site"] as const) {
  test(`every step that the journal has of one undisturbed has a row: ${tables[way].says}`, async () => {
    const on = await platform();
    const { app, prepare, restore, next } = begunBy[way];
    if (app !== begunBy.deploy.app) await prepare(on);
    await restore?.(on);
    const { body } = await fetchThroughEdge(on.edge(app), "/");
    const number = await (await next(on, body)).begin();
    assert.ok(number !== undefined);
    await eventually("it has succeeded", async () => (await shown(on, app, number))?.state === "succeeded");
    const store = new DatabaseSync(on.layout.database, { readOnly: true });
    const rows = store
      .prepare("SELECT step, outcome FROM deploy_steps WHERE app = ? AND deploy = ? ORDER BY seq")
      .all(app, number);
    store.close();
    assert.deepEqual(
      rows.map(({ step, outcome }) => [step, outcome]),
      // An upload is received before there is a deploy.
      stepsOf(way)
        .filter((step) => step !== "receive")
        .map((step) => [step, "done"]),
    );
  });
}

test("an app on a port is killed in all that its port has a part in, and a canceled deploy in its build", () => {
  assert.deepEqual(stepsOf("tcp"), deployStep.options.slice(deployStep.options.indexOf("start")));
  assert.deepEqual(stepsOf("cancel"), ["build"]);
});

for (const { step, moment } of tables.deploy.rows) {
  if (step !== "probe" && step !== "cut-over") continue;
  test(`kill -9 of the new instance at ${moment.point}`, async () => {
    await runCell(await platform(), "deploy", moment, "new");
  });
}

test("the printed matrix has every moment and every process, and no cell that is empty or red", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/faults.md"), "utf8");
  const [, ...sections] = page.split(/^## /m);
  assert.deepEqual(
    sections.map((section) => section.slice(0, section.indexOf("\n"))),
    ways.map((way) => tables[way].says),
  );
  for (const [index, way] of ways.entries()) {
    const [head, , ...rows] = cellsOf(sections[index] ?? "");
    assert.deepEqual(head, ["step", "when", ...Object.values(victims)]);
    assert.deepEqual(
      rows.map(([step, says]) => [step, says]),
      tables[way].rows.map(({ step, moment }) => [step, moment.says]),
    );
    for (const [index, row] of rows.entries()) {
      const cells = Object.values(tables[way].rows[index]?.moment.cells ?? {});
      for (const [column, text] of row.slice(2).entries())
        assert.match(text, typeof cells[column] === "string" ? /^n\/a \(\d+\)$/ : /^ok \d/, row.join(" | "));
    }
  }
});

function cellsOf(section: string): string[][] {
  return section
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
