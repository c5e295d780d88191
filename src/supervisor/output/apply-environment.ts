/**
 * How a command gets its environment: over a descriptor, and last of all, so that no variable of an app reaches a process
 * that runs as the supervisor before the app's user takes over, and none stands in an argument list.
 */

/** The descriptor that the environment of a job comes over. */
export const jobEnvironment = 3;
/** That of an instance, for 3 and 4 are its output. */
export const runEnvironment = 5;

/** A script for `sh -c SCRIPT app COMMAND...`: takes the environment from the descriptor and becomes the command. */
export function applyEnvironment(descriptor: number): string {
  return `unset LC_ALL PWD OLDPWD; eval "$(/bin/cat <&${descriptor})"; exec ${descriptor}<&-; exec "$@"`;
}

/** What is written into the descriptor. Throws for what no shell can hold. */
export function renderEnvironment(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => {
      // A shell can hold no other names (dash drops them without a word), and no value can hold a NUL.
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        throw new Error(`not a name of an environment variable: ${JSON.stringify(name)}`);
      if (value.includes("\0")) throw new Error(`the value of ${name} holds a NUL byte`);
      return `export ${name}='${value.replaceAll("'", "'\\''")}'\n`;
    })
    .join("");
}
