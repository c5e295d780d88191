/**
 * How much is free where Hop3 keeps everything, and how much must stay so: apps, the database and the supervisor's desired
 * state need some room all the time, so a deploy is refused before it takes the last of it.
 */
import { AppError } from "#core/errors.ts";

/** A share of the whole, but no more than so much. */
const byteReserve = { share: 0.05, most: 1024 ** 3 };
const fileReserve = { share: 0.02, most: 20_000 };

type Free = { readonly total: number; readonly free: number; readonly reserve: number };

export type Room = {
  /** `low`: less than twice the reserve is free; `full`: less than the reserve. */
  readonly state: "ok" | "low" | "full";
  readonly bytes: Free;
  /** Inodes; null where the file system does not count them. */
  readonly files: Free | null;
};

/** What `statfs` of node:fs says. */
export type FileSystemFacts = {
  readonly bsize: number;
  readonly blocks: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
};

export function roomOf({ bsize, blocks, bavail, files, ffree }: FileSystemFacts): Room {
  const room = {
    bytes: freeOf(blocks * bsize, bavail * bsize, byteReserve),
    files: files === 0 ? null : freeOf(files, ffree, fileReserve),
  };
  const all = [room.bytes, ...(room.files === null ? [] : [room.files])];
  const isBelow = (times: number) => all.some(({ free, reserve }) => free < reserve * times);
  return { ...room, state: isBelow(1) ? "full" : isBelow(2) ? "low" : "ok" };
}

function freeOf(total: number, free: number, { share, most }: typeof byteReserve): Free {
  return { total, free, reserve: Math.round(Math.min(total * share, most)) };
}

/** To be asked before anything large is written. Throws DISK_FULL. */
export async function requireRoom({ disk }: { readonly disk: { room(): Promise<Room> } }): Promise<void> {
  const room = await disk.room();
  if (room.state !== "full") return;
  throw new AppError("DISK_FULL", `No deploy is taken while the server's disk is full: ${wordsOf(room)}.`, {
    hint: "Free disk space on the server and try again; `hop3 app disk` and `hop3 system info` tell what takes it.",
  });
}

/** For people who look at the server. */
export function roomNotes(room: Room): string[] {
  if (room.state === "ok") return [];
  const then = room.state === "full" ? "no deploy is taken" : "soon no deploy will be taken";
  return [`The disk is ${room.state === "full" ? "full" : "nearly full"}, ${then}: ${wordsOf(room)}.`];
}

export function wordsOf({ bytes, files }: Room): string {
  const mega = (count: number) => `${Math.round(count / 1e6)} MB`;
  const isShort = files !== null && files.free < files.reserve * 2 && bytes.free >= bytes.reserve * 2;
  return isShort
    ? `${files.free} inodes are free, and ${files.reserve} are kept in reserve`
    : `${mega(bytes.free)} are free, and ${mega(bytes.reserve)} are kept in reserve`;
}
