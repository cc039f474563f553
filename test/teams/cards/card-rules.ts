import { createRequire } from "node:module";
import type * as AdaptiveCards from "adaptivecards";
import { largestCard } from "../../../src/teams/cards/render.ts";
import type { Card } from "../../../src/teams/cards/template.ts";

// The package's entry is written as ESM and declared as CommonJS: Node loads its bundle only (adaptivecards 3.0.6).
const microsoft = createRequire(import.meta.url)(
  "adaptivecards/dist/adaptivecards.js",
) as typeof AdaptiveCards;

interface Element {
  readonly [key: string]: unknown;
  readonly type?: string;
}

/** Everything that is wrong with a card: by Microsoft's parser, and by what Teams is known to refuse or to draw badly. */
export function problemsOf(card: Card): string[] {
  const json = JSON.stringify(card);
  const elements = [...walk(card)];
  const problems = byMicrosoft(card);
  const rule = (ok: boolean, words: string) => void (ok || problems.push(words));

  rule(card["version"] === "1.5", "Teams shows only the fallback text of versions above 1.5");
  rule(Buffer.byteLength(json) < largestCard, `the card has ${Buffer.byteLength(json)} bytes`);
  rule(!json.includes("${"), "a template expression is left");
  rule(!/"\$(data|when|root|index)"/.test(json), "a template keyword is left");
  rule(!/<at>/i.test(json), "a card mentions nobody");
  rule(
    typeof card["fallbackText"] === "string" && card["fallbackText"] !== "",
    "a fallback text is missing",
  );
  const first = elements.find((element) => element.type === "TextBlock");
  rule(first?.["style"] === "heading", "the title is not the first text");
  for (const element of elements) {
    if (element.type === "TextBlock") {
      rule(
        (typeof element["text"] === "string" && element["text"] !== "") ||
          element["horizontalAlignment"] === "Right" ||
          element["wrap"] === true,
        "a text is missing",
      );
      rule(
        element["wrap"] === true || String(element["text"]).length <= 12,
        `a long text does not wrap: ${String(element["text"])}`,
      );
      rule(element["text"] !== "-", "a lone dash becomes a bullet");
    }
    if (element.type === "Action.Execute") {
      rule(
        ["approve", "reject", "rollback", "choose"].includes(String(element["verb"])),
        `the verb ${String(element["verb"])} is not known`,
      );
      rule(
        /^\{"deployment":1\d\d\}$/.test(JSON.stringify(element["data"])),
        "an action carries more than an opaque id",
      );
      rule(element["fallback"] !== undefined, "an action has no fallback");
    }
    if (element.type?.startsWith("Input.") === true) {
      rule(isWords(element["label"]), "an input has no label");
      rule(isWords(element["errorMessage"]), "an input does not say what is missing");
    }
    if (element.type === "AdaptiveCard" || element.type === "ActionSet") {
      rule(besides(element["actions"]) <= 3, "more buttons in sight than a phone has room for");
    }
    if (element.type === "Action.OpenUrl")
      rule(String(element["url"]).startsWith("https://"), `bad address ${String(element["url"])}`);
  }
  rule(
    elements.filter((element) => element.type?.startsWith("Action.")).length <= 6,
    "too many actions",
  );
  return problems;
}

function isWords(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

/** How many buttons stand beside each other: those that are not behind "...", and that itself. */
function besides(actions: unknown): number {
  const all = Array.isArray(actions) ? (actions as readonly Element[]) : [];
  const shown = all.filter((one) => one["mode"] !== "secondary").length;
  return shown < all.length ? shown + 1 : shown;
}

function byMicrosoft(card: Card): string[] {
  const parsed = new microsoft.AdaptiveCard();
  const context = new microsoft.SerializationContext();
  parsed.parse(card, context);
  const parsing = Array.from(
    { length: context.eventCount },
    (_, index) => context.getEventAt(index).message,
  );
  return [
    ...parsing,
    ...parsed.validateProperties().validationEvents.map((event) => event.message),
  ];
}

function* walk(value: unknown): Generator<Element> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && "type" in value) yield value as Element;
  for (const child of Object.values(value)) yield* walk(child);
}

/** Every text that a person can read in a card, in order. */
export function textsOf(card: Card): string[] {
  return [...walk(card)].flatMap((element) =>
    element.type === "TextBlock"
      ? [String(element["text"])]
      : typeof element["title"] === "string"
        ? [`(${element["title"]})`]
        : [],
  );
}

export function verbsOf(card: Card): unknown[] {
  return [...walk(card)]
    .filter((element) => element.type === "Action.Execute")
    .map((element) => element["verb"]);
}
