/** Who keeps apps to what they may have on the disk. */
export type DiskKeeper = "counting" | "quota";
