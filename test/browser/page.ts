import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { launchChromium } from "./chromium.ts";

export interface Playground {
  /** Writes a new post in the channel "Deployments", mentioning omnibot through the list that @ opens. */
  post(words: string): Promise<void>;
  /** Writes below the newest post, likewise. */
  reply(words: string): Promise<void>;
  /** Presses a button of the newest thread; the last one of that name. */
  click(button: string): Promise<void>;
  /** Writes into the text field of a card. */
  fill(label: string, words: string): Promise<void>;
  /** Waits until these words can be read in the newest thread; an error says what can be read instead. */
  read(words: string | RegExp, seconds?: number): Promise<void>;
  /** The titles of the buttons that the cards of the newest thread have. */
  buttons(): Promise<readonly string[]>;
  /** Keeps a picture of the newest thread, if pictures are wanted (OMNIBOT_PICTURES names their folder). */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Runs in the page: what the Playground says about itself below each card is no part of a picture. */
const withoutHints = `for (const one of document.querySelectorAll("*")) {
  if (one.childElementCount > 0 || !one.textContent.startsWith("Full width control is not")) continue;
  let whole = one;
  while (whole.parentElement.textContent === one.textContent) whole = whole.parentElement;
  whole.style.display = "none";
}`;

const editors = "[data-lexical-editor=true]";

/**
 * Opens the Playground's page as its user sees it: Alex Wilber, in the channel "Deployments". `account` says what omnibot did,
 * for errors.
 */
export async function openPlayground(url: string, account = () => ""): Promise<Playground> {
  const browser = await launchChromium();
  const page = await openPage(browser, url).catch(async (error: unknown) => {
    await browser.close();
    throw error;
  });
  // The first editor begins a post; the next one is below the newest thread.
  const thread = () =>
    page.locator(editors).nth(1).locator("xpath=ancestor::div[.//*[text()='omnibot']][1]");
  return {
    async post(words) {
      await write(page, 0, words);
      await page.getByRole("button", { name: "Post" }).first().click();
    },
    async reply(words) {
      await write(page, 1, words);
      await page.keyboard.press("Enter");
    },
    click: (button) => thread().getByRole("button", { name: button, exact: true }).last().click(),
    fill: (label, words) => thread().getByLabel(label).last().fill(words),
    async read(words, seconds = 30) {
      const found = thread().getByText(words).last();
      await found.waitFor({ timeout: seconds * 1000 }).catch(async () => {
        const said = await thread().innerText({ timeout: 1000 });
        throw new Error(
          `"${words}" was not to be read within ${seconds} s, but:\n${said}\n${account()}`,
        );
      });
    },
    async buttons() {
      const titles = await thread().locator(".ac-pushButton").allInnerTexts();
      return titles.map((one) => one.trim());
    },
    async picture(name) {
      const folder = process.env["OMNIBOT_PICTURES"];
      if (folder === undefined) return;
      await page.waitForTimeout(300);
      await page.evaluate(withoutHints);
      await thread().screenshot({ path: join(folder, `${name}.png`) });
    },
    close: () => browser.close(),
  };
}

/** Writes words into an editor, after a mention of omnibot. */
async function write(page: Page, editor: number, words: string): Promise<void> {
  await page.locator(editors).nth(editor).click();
  await page.keyboard.type("@");
  await page.locator("[role=menuitem]", { hasText: "omnibot" }).first().click();
  await page.keyboard.type(` ${words}`);
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  // Narrower, and the Playground hides its channels.
  const viewport = { width: 1280, height: 1400 };
  const page = await browser.newPage({ viewport });
  page.setDefaultTimeout(15_000);
  await page.goto(url);
  await page.getByText("Deployments", { exact: true }).first().click();
  return page;
}
