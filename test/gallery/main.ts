/** `npm run cards`: every card in every state as pictures, by Microsoft's own renderer in a headless Chromium. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { launchChromium } from "../browser/chromium.ts";
import { everyCard, type Sample } from "../teams/cards/every-card.ts";
import { draw, openStudio } from "./artist.ts";
import { looks } from "./looks.ts";

const usage = `npm run cards -- [options]
  --out <folder>   where the pictures go, and index.html, which shows them all (default .cards)
  --only <words>   only the cards whose name holds these words`;

/** The whole gallery takes about half a minute. */
const patience = 300_000;

try {
  const { values } = parseArgs({
    options: { out: { type: "string", default: ".cards" }, only: { type: "string", default: "" } },
  });
  const samples = everyCard().filter((one) => one.name.includes(values.only));
  if (samples.length === 0) throw new Error(`No card has a name with "${values.only}" in it.`);
  setTimeout(() => {
    process.stderr.write(`The gallery was not done within ${patience / 1000} s.\n`);
    process.exit(1);
  }, patience).unref();
  process.exit(await paint(samples, resolve(values.out)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
  process.exit(1);
}

/** Returns the exit code: 1 where words are cut off. */
async function paint(samples: readonly Sample[], folder: string): Promise<number> {
  const browser = await launchChromium();
  try {
    const page = await openStudio(browser);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const cut: string[] = [];
    for (const sample of samples) {
      for (const picture of await draw(page, sample)) {
        writeFileSync(join(folder, fileOf(sample, picture.look)), picture.png);
        for (const words of picture.cut) cut.push(`${sample.name}, ${picture.look}: ${words}`);
      }
    }
    writeFileSync(join(folder, "index.html"), index(samples));
    const done = `${samples.length} cards in ${looks.length} looks: ${join(folder, "index.html")}\n`;
    process.stdout.write(done);
    for (const words of cut) process.stdout.write(`Cut off: ${words}\n`);
    return cut.length === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
}

function fileOf({ name }: Sample, look: string): string {
  return `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.${look}.png`;
}

function index(samples: readonly Sample[]): string {
  const rows = samples.map((sample) => {
    const pictures = looks.map(
      ({ name }) =>
        `<img loading="lazy" src="${fileOf(sample, name)}" alt="${sample.name}, ${name}">`,
    );
    return `<h2>${sample.name}</h2>\n<div>${pictures.join("\n")}</div>`;
  });
  return `<!doctype html>
<meta charset="utf-8">
<title>The cards of omnibot</title>
<style>
  body { font: 16px sans-serif; background: #808080; margin: 16px }
  div { display: flex; gap: 16px; align-items: flex-start; overflow-x: auto }
</style>
<h1>The cards of omnibot</h1>
${rows.join("\n")}
`;
}
