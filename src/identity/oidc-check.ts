/** Whether single sign-on would work now, as `hop3 system status` says it. */
import type { SystemCheck } from "#core/api/system.ts";
import { toAppError } from "#core/errors.ts";
import type { OidcProvider } from "./oidc-provider.ts";
import type { OidcSettings } from "./oidc-settings.ts";

/** Asks the provider for its description; never rejects. `secret` is what the client shows it. */
export async function oidcCheck(
  { issuer, clientId, newUsers }: OidcSettings,
  provider: Pick<OidcProvider, "discover">,
  secret: () => string | undefined,
): Promise<SystemCheck> {
  const name = "single sign-on";
  try {
    secret();
    const { device_authorization_endpoint: device } = await provider.discover();
    const ways = device === undefined ? "by browser alone" : "by browser or device code";
    const strangers = newUsers === "refuse" ? "whom nobody has linked is refused" : `who is new becomes a ${newUsers}`;
    return {
      name,
      state: "ok",
      message: `${issuer} answers; people log in ${ways} (client ${clientId}); ${strangers}.`,
    };
  } catch (thrown) {
    const { message, hint } = toAppError(thrown);
    return { name, state: "warning", message: `Nobody can log in by it now. ${message} ${hint}` };
  }
}
