/** The domains at which the edge sends requests to an app. */
import { z } from "zod";
import { isHostName } from "../names.ts";
import { defineRoute } from "./route.ts";
import { appName, appParams } from "./shared.ts";

const domainName = z
  .string()
  .max(253)
  .transform((text) => text.toLowerCase())
  .refine(isHostName, "is not a valid domain")
  .describe("A host name such as www.example.com");

const domainList = z.object({
  app: appName,
  domains: z.array(
    z.object({
      domain: z.string(),
      url: z.string(),
      source: z
        .enum(["default", "config", "user"])
        .describe("`default` is the name under .localhost or the server's own"),
    }),
  ),
});
export type DomainList = z.infer<typeof domainList>;

export const listDomains = defineRoute({
  method: "GET",
  path: "/apps/:app/domains",
  summary: "The app's domains",
  action: "app.show",
  params: appParams,
  response: domainList,
  tagged: ({ domains }: DomainList) => domains.map(({ domain }) => domain),
});

export const addDomain = defineRoute({
  method: "POST",
  path: "/apps/:app/domains",
  summary: "Add a domain; in force when this answers",
  action: "app.domain.write",
  params: appParams,
  body: z.strictObject({ domain: domainName }),
  changes: listDomains,
  status: 201,
  response: domainList,
});

export const removeDomain = defineRoute({
  method: "DELETE",
  path: "/apps/:app/domains/:domain",
  summary: "Remove a domain",
  action: "app.domain.write",
  params: appParams.extend({ domain: domainName }),
  changes: listDomains,
  response: domainList,
});
