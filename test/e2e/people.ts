/** People on a platform of user mode, made in its records: what they may is what a test is about, and not how they came. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { Role } from "#core/roles.ts";
import { parseSshKey } from "#core/ssh-key.ts";
import type { Store } from "#store/db.ts";
import { openStore } from "#store/open.ts";
import { createToken } from "#store/tokens.ts";
import { createUser, setDisabled } from "#store/users.ts";
import { systemClock } from "#sys/clock.ts";
import type { RunningPlatform } from "./platform.ts";

export type Person = {
  readonly name: string;
  readonly token: string;
  /** Path of the private half of the key that lets them in. */
  readonly key: string;
  readonly fingerprint: string;
  /** As this person; fails the test when the answer is no success. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  disable(): Promise<void>;
};

/** The records, as hop3d has them open too. */
export async function withStore<Result>(
  { layout }: Pick<RunningPlatform, "layout">,
  work: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await openStore({ file: layout.database, clock: systemClock });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** With a role, a token and a key that was added by the API. */
export async function addPerson(on: RunningPlatform, name: string, role: Role, key: string): Promise<Person> {
  const token = await withStore(on, async (store) => {
    await createUser(store, name, role);
    return (await createToken(store, { user: name, name: "test" })).secret;
  });
  const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${on.apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const line = readFileSync(`${key}.pub`, "utf8");
  await api("POST", "/account/keys", { key: line });
  const { fingerprint } = parseSshKey(line);
  return {
    name,
    token,
    key,
    fingerprint,
    api,
    disable: () => withStore(on, async (store) => void (await setDisabled(store, name, true))),
  };
}
