/** Says in the log of hop3d when the disk fills up, once each time it does, and when there is room again. */
import type { Platform } from "../platform.ts";
import { wordsOf, type Room } from "./room.ts";

/** Milliseconds between two looks. */
const every = 60_000;

/** Runs until hop3d stops; never rejects. */
export async function watchRoom({
  disk,
  clock,
  log,
  stopping,
}: Pick<Platform, "disk" | "clock" | "log" | "stopping">): Promise<void> {
  let last: Room["state"] = "ok";
  while (!stopping.aborted) {
    try {
      const room = await disk.room();
      if (room.state !== last) say(room);
      last = room.state;
    } catch (error) {
      log.warn("what is free on the disk could not be told", { error });
    }
    await clock.sleep(every, stopping).catch(() => undefined);
  }

  function say(room: Room): void {
    const facts = { free: room.bytes.free, reserve: room.bytes.reserve };
    if (room.state === "full") log.error(`the disk is full, no deploy is taken: ${wordsOf(room)}`, facts);
    else if (room.state === "low") log.warn(`the disk is nearly full: ${wordsOf(room)}`, facts);
    else log.info("the disk has room again", facts);
  }
}
