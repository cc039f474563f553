import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { Sample } from "../teams/cards/every-card.ts";
import { hostConfig, looks, styleOf } from "./looks.ts";

/** A card in one look, and what does not fit into it. */
export interface Picture {
  readonly look: string;
  readonly png: Buffer;
  /** Words that are cut off, or stand over the edge. */
  readonly cut: readonly string[];
}

const require = createRequire(import.meta.url);

/** A page with Microsoft's renderer and a reader of Markdown, which the renderer leaves to its host. */
export async function openStudio(browser: Browser): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 640, height: 900 } });
  page.setDefaultTimeout(10_000);
  await page.setContent(
    `<style>body { margin: 0; padding: 8px } ${looks.map(styleOf).join("\n")}</style><body></body>`,
  );
  const renderer = require.resolve("adaptivecards/dist/adaptivecards.min.js");
  // The build for browsers is not among what the package exports (marked 18.2.1).
  const markdown = join(dirname(require.resolve("marked/package.json")), "lib/marked.umd.js");
  for (const path of [renderer, markdown]) await page.addScriptTag({ path });
  await page.addScriptTag({ content: drawing });
  return page;
}

/** Draws a card in every look. */
export async function draw(page: Page, { card, press }: Sample): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  for (const look of looks) {
    const wanted = {
      name: look.name,
      card,
      config: hostConfig(look),
      press,
      page: look.theme.page,
    };
    const cut = await page.evaluate<string[]>(`draw(${JSON.stringify(wanted)})`);
    const png = await page.locator(`#${look.name}`).screenshot();
    pictures.push({ look: look.name, png, cut });
  }
  return pictures;
}

/** What runs in the page: it answers with the words that are cut off. */
const drawing = `function draw({ name, card, config, press, page }) {
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = marked.parse(text);
    result.didProcess = true;
  };
  const parsed = new AdaptiveCards.AdaptiveCard();
  parsed.hostConfig = new AdaptiveCards.HostConfig(config);
  parsed.parse(card);
  const box = document.createElement("section");
  box.id = name;
  box.append(parsed.render());
  document.body.style.background = page;
  document.body.replaceChildren(box);
  if (press !== undefined)
    [...box.querySelectorAll("button")].find((one) => one.textContent === press).click();
  const edge = box.getBoundingClientRect().right;
  return [...box.querySelectorAll(".ac-textBlock, .ac-textBlock *, .ac-pushButton, .ac-pushButton *")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > edge)
    .map((one) => one.textContent);
}`;
