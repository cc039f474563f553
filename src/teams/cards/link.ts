import type { Environment } from "../../config/config.ts";
import { escaped } from "./text.ts";

const loopback = new Set(["127.0.0.1", "localhost", "[::1]"]);
const longest = 1000;

/** A button that opens a page; a secondary one is behind "...". */
export interface Link {
  readonly title: string;
  readonly url: string;
  readonly mode: "primary" | "secondary";
}

/** How many buttons stand beside each other on a phone. */
const besides = 3;

/**
 * An address that a card may link to: https without credentials in it. Plain http only to this machine, and only where the
 * environment itself is configured so (the sandbox).
 */
function safeUrl(text: string | undefined, environment: Environment): string | undefined {
  const url = text === undefined || text.length > longest ? null : URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  const sandbox =
    environment.build.organization.startsWith("http://") && loopback.has(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && sandbox)) return undefined;
  return url.href.replaceAll(
    /[()[\]{}$<>"'`\\| ]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `[label](url)`, or the label alone where the address is not one that a card may link to. */
export function linked(label: string, url: string | undefined, environment: Environment): string {
  const safe = safeUrl(url, environment);
  return safe === undefined ? escaped(label) : `[${escaped(label)}](${safe})`;
}

/** The buttons for those addresses that there are, in order; as many in sight as there is room for beside `others`. */
export function buttons(
  wanted: readonly (readonly [string, string | undefined])[],
  environment: Environment,
  others = 0,
): readonly Link[] {
  const links = wanted.flatMap(([title, address]) => {
    const url = safeUrl(address, environment);
    return url === undefined ? [] : [{ title, url }];
  });
  const room = besides - others;
  const shown = links.length <= room ? room : room - 1;
  return links.map((link, i) => ({ ...link, mode: i < shown ? "primary" : "secondary" }));
}
