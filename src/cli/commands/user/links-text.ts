import type { ResponseOf } from "#core/api/route.ts";
import type { Routes } from "#core/api/routes.ts";
import { table } from "../../render.ts";

export function linksText({ user, identities }: ResponseOf<Routes["listIdentities"]>): string {
  if (identities.length === 0) return `${user} is nobody at a provider.`;
  return table(
    ["ISSUER", "SUBJECT", "SINCE"],
    identities.map(({ issuer, subject, at }) => [issuer, subject, at]),
  );
}
