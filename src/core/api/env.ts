/** The environment of an app. Values are secrets: reading them is a route and an action of its own. */
import { z } from "zod";
import { defineRoute } from "./route.ts";
import { appName, appParams, envName, envValue, isoTime, processType, releaseNumber } from "./shared.ts";

/** `user`: set by hand. `config`: from hop3.toml. `generated`: made once by the server. `platform`: given by Hop3 itself. */
export const envSource = z.enum(["user", "config", "generated", "computed", "platform"]);

const variable = z.object({ name: envName, source: envSource, updatedAt: isoTime.nullable() });

/** Without values, so that nobody can guess one by the tag: a value that is set has another time. */
function variablesOf({ variables }: { variables: readonly z.infer<typeof variable>[] }): unknown {
  return variables.map(({ name, source, updatedAt }) => [name, source, updatedAt]);
}

export const listEnv = defineRoute({
  method: "GET",
  path: "/apps/:app/env",
  summary: "Names and sources of the app's variables, without values",
  action: "app.show",
  params: appParams,
  response: z.object({ app: appName, variables: z.array(variable) }),
  tagged: variablesOf,
});

export const readEnv = defineRoute({
  method: "GET",
  path: "/apps/:app/env/values",
  summary: "The app's variables with their values",
  action: "app.env.read",
  params: appParams,
  response: z.object({ app: appName, variables: z.array(variable.extend({ value: z.string() })) }),
  tagged: variablesOf,
});

export const changeEnv = defineRoute({
  method: "PATCH",
  path: "/apps/:app/env",
  summary: "Set and unset variables, all or nothing; a change makes a release and restarts the app",
  action: "app.env.write",
  params: appParams,
  changes: listEnv,
  body: z
    .strictObject({
      set: z.record(envName, envValue).default({}),
      unset: z.array(envName).max(1000).default([]),
    })
    .refine((change) => Object.keys(change.set).length + change.unset.length > 0, "must set or unset a variable")
    .refine((change) => Object.keys(change.set).length <= 1000, "may set 1000 variables at most")
    .refine(
      (change) => change.unset.every((name) => !Object.hasOwn(change.set, name)),
      "sets and unsets the same variable",
    ),
  response: z.object({
    app: appName,
    changed: z.array(envName).describe("What differs from before; empty when nothing did"),
    release: releaseNumber.nullable().describe("The release that the change made; null when there was none to restart"),
    restarted: z.array(processType),
  }),
});
