/** `[limits]` of hop3.toml, key by key. Tables in it are those of process types; what they hold is read in core/read-limits.ts. */
import { z } from "zod";
import { readLimits } from "../read-limits.ts";
import { key } from "./schema-key.ts";

const value = z.unknown().optional();

export const limits = z
  .looseObject(
    {
      memory: key(value, "Memory and swap together, with what is in `/tmp` and `/dev/shm`.", { shown: '`"512M"`' }),
      cpu: key(value, "Processors; `0.5` is half of one.", { shown: "number" }),
      processes: key(value, "Processes and threads.", { shown: "integer" }),
      "open-files": key(
        value,
        "Open files and sockets of each single process; in `[limits]`: where its type says nothing else.",
        { shown: "integer", standard: "65536" },
      ),
      disk: key(
        value,
        "Bytes of all files that its processes can write: data, home, caches, builds. Not in `[limits.TYPE]`.",
        { shown: '`"2G"`' },
      ),
      inodes: key(value, "How many files and folders these may be. Not in `[limits.TYPE]`.", { shown: "integer" }),
      mode: key(
        value,
        "`strict`: a limit that the server cannot enforce ends the deploy. `best-effort`: it is left out, and `hop3 app status` says so.",
        { shown: "`strict`, `best-effort`", standard: "`strict`" },
      ),
    },
    "must be a table",
  )
  .superRefine((table, context) => {
    for (const { path, message } of readLimits(table).problems) {
      context.addIssue({ code: "custom", path: path.slice(1), message: message.replace(/\.$/, "") });
    }
  });
