import type { Readable } from "node:stream";
import type { ServerHost } from "./server-host.ts";

/** The outside world, handed in by cmd; nothing below reads process itself. */
export type Terminal = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** As Node calls it: `linux`, `darwin`. */
  readonly platform?: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Has `work` done when the process ends, by itself or by a signal that it can notice; answers with how to forget it. */
  readonly atExit?: (work: () => void) => () => void;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** A server on this very host; undefined where Hop3 came as the client alone. */
  readonly serverHost?: ServerHost;
};

export type Output = {
  write(text: string | Uint8Array, written?: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** `resize`: the terminal has another size. */
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
};
