import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Browser } from "playwright-core";

/** Chromium as Debian installs it; another one by OMNIBOT_CHROMIUM. */
const executablePath = process.env["OMNIBOT_CHROMIUM"] ?? "/usr/bin/chromium";

/** Starts a headless Chromium. Throws a sentence for people where there is none. */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no Chromium at ${executablePath}. Install it (Debian: apt-get install chromium), or say with OMNIBOT_CHROMIUM where it is.`,
    );
  }
  const dumps = mkdtempSync(join(tmpdir(), "omnibot-chromium-"));
  const browser = await chromium.launch({
    executablePath,
    timeout: 30_000,
    // Chromium looks for updates and more on the network; there is none where tests run, and root needs no-sandbox.
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--crash-dumps-dir=${dumps}`,
    ],
  });
  browser.on("disconnected", () => rmSync(dumps, { recursive: true, force: true }));
  return browser;
}
