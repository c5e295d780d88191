/** A real browser without a window, and a person in it who logs in at the provider's own pages. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

/** Debian's, which the set-up installs for tests when it may. */
const program = "/usr/bin/chromium";

/** Why no browser can be started here; false where one can. */
export const noBrowser: string | false = existsSync(program) ? false : `${program} not there: apt-get install chromium`;

export async function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      // The provider's pages ask for fonts of the network, and would wait for them.
      "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ],
  });
}

/** From the provider's login page through its consent to where it sends the browser: the page is at that last place. */
export async function logIn(browser: Browser, url: string, login: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  await enter(page, login);
  return page;
}

/** The same by the code of a device, which the person compares with what the terminal shows. */
export async function confirmDevice(browser: Browser, url: string, login: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  await page.click("button[type=submit]:has-text('Continue')");
  await enter(page, login);
  return page;
}

async function enter(page: Page, login: string): Promise<void> {
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", "any");
  await page.click("button[type=submit]");
  await page.click("form:has(input[value=consent]) button[type=submit]");
  await page.waitForLoadState();
}
