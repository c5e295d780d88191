/** `hop3 top` on a terminal: looks again and again, and draws at each look, key and resize. */
import type { InstanceList } from "#core/api/instances.ts";
import { AppError, toAppError } from "#core/errors.ts";
import type { CommandContext } from "../context.ts";
import { withFullScreen, type FullScreen } from "../full-screen.ts";
import { clockTime } from "../render.ts";
import { columns, columnOf, sortRows, type Column } from "./columns.ts";
import { draw, roomOf } from "./screen.ts";
import { sharesOf } from "./shares.ts";

export type Watched = {
  readonly look: () => Promise<InstanceList>;
  /** Seconds. */
  readonly refresh: number;
  readonly sort: Column;
  /** As the person calls it. */
  readonly server: string;
};

/** What passes: a server that starts again, or has too much to do. */
const passing = new Set(["UNREACHABLE", "UNAVAILABLE", "RATE_LIMITED", "STORE_FAILED"]);

/** Resolves when the person leaves. Throws CANCELED by a signal, and what the server said that will not pass. */
export async function watchTop(
  { look, refresh, sort: first, server }: Watched,
  context: CommandContext,
): Promise<void> {
  const { terminal, signal } = context;
  const color = (terminal.env["NO_COLOR"] ?? "") === "";
  // Before the screen is taken: a server that cannot be reached is told as by any command.
  let now = await look();
  let before: InstanceList | undefined;
  let [sort, reverse, offset] = [first, false, 0];
  let trouble: string | undefined;
  let screen: FullScreen | undefined;
  const { promise: over, resolve: leave, reject } = Promise.withResolvers<void>();

  const paint = (): void => {
    const { columns: width = 80, rows: height = 24 } = terminal.stdout;
    const shares = sharesOf(before, now);
    const rows = sortRows(
      now.instances.map((one) => ({ one, cpu: shares.ofInstance(one) })),
      sort,
      reverse,
    );
    offset = Math.max(0, Math.min(offset, rows.length - roomOf(height)));
    const time = clockTime(new Date());
    const picture = { server, now, shares, rows, sort, reverse, offset, refresh, trouble, time, color };
    screen?.show(draw(picture, Math.max(1, width), Math.max(1, height)));
  };
  const obey = (key: string): void => {
    const page = roomOf(terminal.stdout.rows ?? 24);
    const moves: Readonly<Record<string, number>> = {
      Up: -1,
      Down: 1,
      k: -1,
      j: 1,
      PgUp: -page,
      PgDn: page,
      Home: -Infinity,
      End: 1e9,
    };
    const sorts: Readonly<Record<string, Column>> = {
      c: columnOf("cpu"),
      P: columnOf("cpu"),
      m: columnOf("memory"),
      M: columnOf("memory"),
      f: columnOf("files"),
      u: columnOf("uptime"),
      T: columnOf("uptime"),
      n: columnOf("app"),
      N: columnOf("app"),
    };
    if (key === "q" || key === "Ctrl-C" || key === "gone") return leave();
    if (key === "r") reverse = !reverse;
    if (key === "Left" || key === "Right") sort = beside(sort, key === "Left" ? -1 : 1, terminal.stdout.columns ?? 80);
    sort = sorts[key] ?? sort;
    offset += moves[key] ?? 0;
    paint();
  };
  const again = async (): Promise<void> => {
    try {
      const found = await look();
      // The same measurement, for somebody else has asked within the second: there is nothing to compare yet.
      if (found.at !== now.at) [before, now] = [now, found];
      trouble = undefined;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (!passing.has(error.code)) return reject(error);
      trouble = `${error.message} Trying again; these are the last figures.`;
    }
    paint();
  };
  const interrupted = (): void => reject(new AppError("CANCELED", "Interrupted.", { hint: "" }));

  await withFullScreen(terminal, { key: obey, resized: paint }, async (shown) => {
    screen = shown;
    signal.addEventListener("abort", interrupted, { once: true });
    if (signal.aborted) interrupted();
    let timer: NodeJS.Timeout | undefined;
    const tick = (ms: number): void => {
      timer = setTimeout(() => void again().finally(() => timer !== undefined && tick(refresh * 1000)), ms);
    };
    paint();
    tick(Math.min(refresh * 1000, 1100)); // the first shares soon
    try {
      await over;
    } finally {
      clearTimeout(timer);
      timer = undefined;
      screen = undefined;
      signal.removeEventListener("abort", interrupted);
    }
  });
}

/** The next column that is shown. */
function beside(sort: Column, step: number, width: number): Column {
  const shown = columns.filter(({ from = 0 }) => width >= from);
  const at = shown.findIndex(({ name }) => name === sort.name);
  return shown[(at + step + shown.length) % shown.length] ?? sort;
}
