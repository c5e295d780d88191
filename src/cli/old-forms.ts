/**
 * What older versions called a command, with colons: `hop3 app:logs`. It works, and says what it is called now. An old name
 * is not listed anywhere else, completed or suggested.
 */

export type NewForm = { readonly line: readonly string[]; /** For stderr. */ readonly hint: string };

/** Where the new words are not just the old ones without colons. */
const renamed: Readonly<Record<string, string>> = {
  "admin:user": "user",
  "app:delete": "app destroy",
  "app:env": "env show",
  "app:launch": "deploy",
  "app:processes": "ps",
  "apps:create": "app create",
  "apps:destroy": "app destroy",
  "apps:list": "apps",
  "auth:login": "login",
  "auth:logout": "logout",
  "auth:register": "user add",
  "auth:whoami": "whoami",
  "backup:delete": "backup destroy",
  "backup:info": "backup show",
  "config:get": "env get",
  "config:list": "env show",
  "config:live": "env show",
  "config:set": "env set",
  "config:show": "env show",
  "config:unset": "env unset",
  "domains:add": "domain add",
  "domains:remove": "domain remove",
  "help:commands": "help",
  "logs:tail": "app logs",
  "releases:rollback": "rollback",
  "server:setup": "server install",
  "system:check": "system status",
  "system:ps": "top",
  "system:uptime": "system info",
};

/** The first word that is no flag, when it is an old name of a command that there is; undefined else. */
export function newForm(
  line: readonly string[],
  isCommand: (words: readonly string[]) => boolean,
  takesValue: (flag: string) => boolean,
): NewForm | undefined {
  const index = line.findIndex((word, at) => !word.startsWith("-") && (at === 0 || !takesValue(line[at - 1] ?? "")));
  const old = line[index];
  if (old === undefined || !/^[a-z][a-z0-9-]*(?::[a-z][a-z0-9-]*){1,3}$/.test(old)) return undefined;
  const words = wordsOf(old);
  if (!isCommand(words)) return undefined;
  return {
    line: [...line.slice(0, index), ...words, ...line.slice(index + 1)],
    hint: `\`hop3 ${old}\` is now \`hop3 ${words.join(" ")}\`.`,
  };
}

function wordsOf(old: string): string[] {
  if (Object.hasOwn(renamed, old)) return (renamed[old] ?? "").split(" ");
  const last = old.lastIndexOf(":");
  const group = old.slice(0, last);
  // `admin:user:list`: the group was renamed, the verb was not.
  if (Object.hasOwn(renamed, group)) return [...(renamed[group] ?? "").split(" "), old.slice(last + 1)];
  return old.split(":");
}
