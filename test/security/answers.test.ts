/**
 * What leaves by an answer that might be a secret, as a list written by hand: a field whose name sounds like one, in any
 * answer or stream of any route, is here with the reason, or the test fails.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { Route } from "#core/api/route.ts";
import { routes } from "#core/api/routes.ts";

const sounds =
  /secret|passw|token|totp|recover|hash|sealed|private|cookie|credential|value|^key$|Key$|^head$|^login$|^code$/i;

/** `route: field`, and why it may leave. */
const known: Readonly<Record<string, string>> = {
  "readEnv: variables.value": "asked for with app.env.read, and each look is an event",
  "*: code": "an error's",
  "*: credential": "id and name of what was shown, never its secret",
  "*: head": "of the audit log, public by its nature",
  "*: hash": "of the audit log",
  "listKeys: keys.key": "the public half of an SSH key",
  "addKey: key": "the public half of an SSH key",
};

/** Routes that hand out a secret, to whom it belongs or who makes it: told once. */
const handOut: Readonly<Record<string, readonly string[]>> = {
  logIn: ["login", "secret"],
  logInTotp: ["login", "secret"],
  logInPassword: ["login", "secret"],
  beginSso: ["login"],
  finishSso: ["login", "secret"],
  beginDevice: ["login"],
  askDevice: ["step.login", "step.secret"],
  beginLink: ["login"],
  proposeTotp: ["secret"],
  createOwnToken: ["secret"],
  createUserToken: ["secret"],
  addUser: ["oneTime.password"],
  resetPassword: ["oneTime.password"],
  createWebhook: ["secret"],
  rotateWebhook: ["secret"],
};

test("no answer has a field that sounds like a secret, but those of this list", () => {
  const found: string[] = [];
  for (const [name, route] of Object.entries(routes as Readonly<Record<string, Route>>)) {
    const shapes = typeof route.response === "string" ? Object.values(route.events ?? {}) : [route.response];
    for (const shape of shapes) {
      const fields = fieldsOf(z.toJSONSchema(shape, { io: "output", unrepresentable: "any" }));
      for (const field of new Set(fields)) {
        if (!sounds.test(field.slice(field.lastIndexOf(".") + 1))) continue;
        const last = field.slice(field.lastIndexOf(".") + 1);
        if (`*: ${last}` in known || `${name}: ${field}` in known || handOut[name]?.includes(field)) continue;
        found.push(`${name}: ${field}`);
      }
    }
  }
  assert.deepEqual(found, []);
});

function fieldsOf(schema: unknown, path = ""): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]): string[] => {
    if (key !== "properties") return fieldsOf(value, path);
    return Object.entries(value as object).flatMap(([name, inner]) => {
      const field = path === "" ? name : `${path}.${name}`;
      // Whether there is one is no secret; what is in a list or an object comes by itself.
      const { type } = inner as { type?: unknown };
      const holds = type !== "boolean" && type !== "array" && type !== "object";
      return [...(holds ? [field] : []), ...fieldsOf(inner, field)];
    });
  });
}
