/** The exchanges of a login against a certified provider, with a real browser on its own login and consent pages. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { boundedFetch, oidcLimits } from "#identity/oidc-fetch.ts";
import { createOidcProvider, type OidcProvider } from "#identity/oidc-provider.ts";
import type { OidcSettings } from "#identity/oidc-settings.ts";
import { confirmDevice, logIn, noBrowser, startBrowser } from "./browser.ts";
import {
  clientId,
  clientSecret,
  postClientId,
  publicClientId,
  type RunningProvider,
  startProvider,
} from "./provider.ts";

describe("a certified provider", { skip: noBrowser }, () => {
  const ends: (() => Promise<void>)[] = [];
  let provider: RunningProvider;
  let browser: Browser;
  let asked: OidcProvider;
  const waiting = createServer();
  const redirect = () => `http://127.0.0.1:${(waiting.address() as AddressInfo).port}/callback`;

  const ask = (settings: Partial<OidcSettings>, secret: () => string | undefined = () => clientSecret): OidcProvider =>
    createOidcProvider({
      settings: {
        issuer: provider.issuer,
        clientId,
        secret: undefined,
        clientAuth: undefined,
        scopes: ["openid", "profile", "email", "groups"],
        groupsClaim: "groups",
        audiences: [],
        emailDomains: [],
        newUsers: "member",
        sessionSeconds: 3600,
        ...settings,
      },
      secret,
      fetch: boundedFetch(oidcLimits),
    });

  before(async () => {
    provider = await startProvider((work) => void ends.push(work));
    provider.accounts["ada"] = {
      preferred_username: "Ada",
      email: "ada@example.com",
      email_verified: true,
      groups: ["dev", "ops"],
    };
    asked = ask({});
    waiting.listen(0, "127.0.0.1");
    await once(waiting, "listening");
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    waiting.close();
    for (const end of ends) await end();
  });

  /** What the browser is sent back with. */
  async function back(url: string): Promise<string> {
    const came = once(waiting, "request") as Promise<[IncomingMessage, ServerResponse]>;
    const page = logIn(browser, url, "ada");
    const [request, response] = await came;
    response.end("done");
    await (await page).close();
    return new URL(request.url ?? "", redirect()).search;
  }

  test("logs somebody in by code, and tells who it is", async () => {
    const { url, login } = await asked.beginCode(redirect());
    const { issuer, subject, claims } = await asked.finishCode(login, await back(url));
    assert.equal(issuer, provider.issuer);
    assert.equal(subject, "ada");
    assert.equal(claims["email"], "ada@example.com");
    assert.equal(claims["email_verified"], true);
    assert.deepEqual(claims["groups"], ["dev", "ops"]);
  });

  test("knows this server by a secret in the head or in the form, or without one, as it is registered", async () => {
    const clients = [
      ask({ clientId: postClientId, clientAuth: "post" }),
      ask({ clientId: publicClientId }, () => undefined),
    ];
    for (const client of clients) {
      const { url, login } = await client.beginCode(redirect());
      assert.equal((await client.finishCode(login, await back(url))).subject, "ada");
      assert.equal(await client.askDevice(await client.beginDevice()), "pending");
    }
    const wrong = [ask({}, () => "another-secret"), ask({}, () => undefined)];
    for (const client of wrong) {
      const { url, login } = await client.beginCode(redirect());
      const finish = client.finishCode(login, await back(url));
      await assert.rejects(finish, { code: "UNAVAILABLE", message: /invalid_client/ });
    }
  });

  test("takes a code once, and only with the verifier of the login that it was given for", async () => {
    const first = await asked.beginCode(redirect());
    const second = await asked.beginCode(redirect());
    const query = await back(first.url);
    await assert.rejects(asked.finishCode(second.login, query), { code: "UNAUTHENTICATED" }, "the state is another's");
    const forged = query.replace(first.login.state, second.login.state);
    await assert.rejects(asked.finishCode(second.login, forged), { code: "UNAUTHENTICATED" }, "so is the verifier");

    const third = await asked.beginCode(redirect());
    const again = await back(third.url);
    assert.equal((await asked.finishCode(third.login, again)).subject, "ada");
    await assert.rejects(asked.finishCode(third.login, again), { code: "UNAUTHENTICATED", message: /any more/ });
  });

  test("logs a device in once somebody has confirmed its code", async () => {
    const device = await asked.beginDevice();
    assert.equal(await asked.askDevice(device), "pending");
    await (await confirmDevice(browser, device.verificationUriComplete ?? "", "ada")).close();
    const proven = await asked.askDevice(device);
    assert.ok(typeof proven === "object");
    assert.equal(proven.subject, "ada");
    assert.deepEqual(proven.claims["groups"], ["dev", "ops"]);
    await assert.rejects(asked.askDevice(device), { code: "UNAUTHENTICATED" });
  });

  test("may have other keys at the end of a login than at its begin", async () => {
    await provider.startAgain("new");
    const { url, login } = await asked.beginCode(redirect());
    assert.equal((await asked.finishCode(login, await back(url))).subject, "ada");
  });

  test("that is down is said to be", async () => {
    await provider.halt();
    await assert.rejects(asked.beginCode(redirect()), { code: "UNREACHABLE", message: /does not answer/ });
    await provider.startAgain();
    assert.equal((await asked.discover()).issuer, provider.issuer);
  });
});
