import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.ts";

export interface Playground {
  readonly page: Page;
  /** Writes a new post in the channel "Deployments", mentioning omnibot through the list that @ opens. */
  post(words: string): Promise<void>;
  click(button: string): Promise<void>;
  /** Waits until these words can be read somewhere on the page. */
  read(words: string | RegExp, seconds?: number): Promise<void>;
  /** Keeps a picture of the newest thread, if pictures are wanted (OMNIBOT_PICTURES names their folder). */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the Playground's page as its user sees it: Alex Wilber, in the channel "Deployments". */
export async function openPlayground(url: string): Promise<Playground> {
  const browser = await launchChromium();
  const page = await openPage(browser, url).catch(async (error: unknown) => {
    await browser.close();
    throw error;
  });
  return {
    page,
    async post(words) {
      await page.locator("[data-lexical-editor=true]").first().click();
      await page.keyboard.type("@");
      await page.locator("[role=menuitem]", { hasText: "omnibot" }).first().click();
      await page.keyboard.type(` ${words}`);
      await page.getByRole("button", { name: "Post" }).first().click();
    },
    click: (button) => page.getByRole("button", { name: button, exact: true }).first().click(),
    read: (words, seconds = 30) =>
      page
        .getByText(words)
        .first()
        .waitFor({ timeout: seconds * 1000 }),
    async picture(name) {
      const folder = process.env["OMNIBOT_PICTURES"];
      if (folder === undefined) return;
      await page.waitForTimeout(300);
      const thread = page
        .locator("[data-lexical-editor=true]")
        .nth(1)
        .locator("xpath=ancestor::div[.//*[text()='omnibot']][1]");
      await thread.screenshot({ path: join(folder, `${name}.png`) });
    },
    close: () => browser.close(),
  };
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  // Narrower, and the Playground hides its channels.
  const viewport = { width: 1280, height: 1000 };
  const page = await browser.newPage({ viewport });
  page.setDefaultTimeout(15_000);
  await page.goto(url);
  await page.getByText("Deployments", { exact: true }).first().click();
  return page;
}
