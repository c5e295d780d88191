const NEWLINE = 10;

export type StampOptions = {
  /** Goes before every record, for example `2026-11-21T10:00:00.000Z`. */
  time: string;
  /** `out`, `err`, or `sys` for the supervisor's own words. */
  stream: string;
  /** Longer lines are cut into records of this many bytes. */
  maxLine: number;
  /** What to do with a last line that has no newline: leave it, write it as unfinished, or write it as a line. */
  tail: "keep" | "unfinished" | "line";
};

/**
 * Turns output into records `TIME STREAM TEXT\n`. A record whose line goes on in the stream's next record says `out+`
 * in place of `out`, so joining the texts gives back the very bytes. Text is copied as it is, also what is not UTF-8.
 */
export function stampLines(bytes: Buffer, options: StampOptions): { records: Buffer; consumed: number } {
  const whole = Buffer.from(`${options.time} ${options.stream} `);
  const unfinished = Buffer.from(`${options.time} ${options.stream}+ `);
  const records = Buffer.allocUnsafe(worstSize(bytes, options.maxLine, unfinished.length));
  let written = 0;
  let consumed = 0;
  const add = (prefix: Buffer, end: number): void => {
    written += prefix.copy(records, written);
    written += bytes.copy(records, written, consumed, end);
    records[written++] = NEWLINE;
  };
  while (consumed < bytes.length) {
    const newline = bytes.indexOf(NEWLINE, consumed);
    const end = newline < 0 ? bytes.length : newline;
    if (end - consumed > options.maxLine) {
      add(unfinished, consumed + options.maxLine);
      consumed += options.maxLine;
    } else if (newline >= 0) {
      add(whole, newline);
      consumed = newline + 1;
    } else if (options.tail === "keep") {
      break;
    } else {
      add(options.tail === "line" ? whole : unfinished, end);
      consumed = end;
    }
  }
  return { records: records.subarray(0, written), consumed };
}

function worstSize(bytes: Buffer, maxLine: number, prefix: number): number {
  let lines = 1 + Math.ceil(bytes.length / maxLine);
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
  return bytes.length + lines * (prefix + 1);
}
