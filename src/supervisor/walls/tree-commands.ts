/**
 * What is done to an app's own files, as commands for the app's user inside walls that hold nothing else: neither root nor
 * `hop3d` changes a file that an app's code could have made into something else meanwhile. All take the directory's path.
 */

/** Fills an empty tree from a tar on the standard input. */
export function fillTree(tree: string): string[] {
  return ["/bin/tar", "--extract", "--directory", tree, "--no-same-owner", "--file", "-"];
}

/**
 * Run as `hop3d`'s user: what it may not read does not get into a tree. That is open to it and to the edge from the start,
 * for `hop3d` looks it through before the build, and of modes only the executable bit is the app's.
 */
export function packUpload(upload: string): string[] {
  return ["/bin/tar", "--create", "--mode=u=rwX,go=rX", "--directory", upload, "--file", "-", "."];
}

/** Closes a tree for writing and opens it for reading: to `hop3d`, which looks it through, and to the edge. */
export function sealTree(tree: string): string[] {
  return ["/bin/chmod", "--recursive", "a-w,a+rX", "--", tree];
}

/** Opens a directory again, whatever its modes, so that emptyTree can remove what is in it. */
export function unsealTree(tree: string): string[] {
  return ["/bin/chmod", "--recursive", "u+rwX", "--", tree];
}

/** Removes what is in a directory; itself it stays, for it is the only thing that the walls show. */
export function emptyTree(tree: string): string[] {
  return ["/usr/bin/find", tree, "-mindepth", "1", "-delete"];
}
