import { closeSync, readdirSync, readFileSync } from "node:fs";

const closeOnExec = 0o2000000;

/**
 * Closes what whoever started us has left open, for our children would inherit it: a starter's log, a lock, a socket. To
 * be called first of all, while nothing of ours is open without the flag. Answers with what it closed.
 */
export function closeInherited(): number[] {
  const found = readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd > 2 && isInherited(fd));
  for (const fd of found) closeSync(fd);
  return found;
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    return false; // the one by which the directory was read
  }
}
