/** Adaptive Cards as words: for the demo's terminal, and for tests that say what a person would read. */
type Element = Readonly<Record<string, unknown>>;

export interface CardAction {
  readonly type: string;
  readonly title: string;
  readonly verb?: string;
  readonly data?: unknown;
  readonly url?: string;
  readonly enabled: boolean;
}

/**
 * The lines that a person reads: columns side by side with two spaces between them, facts and table rows likewise, the
 * titles of actions in brackets, what a ShowCard action opens indented below it.
 */
export function cardText(card: unknown): string {
  return linesOf(card).join("\n");
}

/** Every action of a card, in the order in which they stand, also those that another action opens. */
export function cardActions(card: unknown): readonly CardAction[] {
  if (Array.isArray(card)) return card.flatMap(cardActions);
  if (!isElement(card) || card["isVisible"] === false) return [];
  const parts = ["body", "items", "columns", "rows", "cells", "actions", "card", "selectAction"];
  const within = parts.flatMap((part) => cardActions(card[part]));
  const type = text(card["type"]);
  if (!type.startsWith("Action.")) return within;
  return [{ ...readAction(card, type), enabled: card["isEnabled"] !== false }, ...within];
}

function readAction(action: Element, type: string) {
  const { verb, url, data } = action;
  return {
    type,
    title: text(action["title"]),
    ...(typeof verb === "string" ? { verb } : {}),
    ...(typeof url === "string" ? { url } : {}),
    ...(data === undefined ? {} : { data }),
  };
}

function linesOf(element: unknown): readonly string[] {
  if (Array.isArray(element)) return element.flatMap(linesOf);
  if (!isElement(element) || element["isVisible"] === false) return [];
  switch (element["type"]) {
    case "AdaptiveCard":
      return [...linesOf(element["body"]), ...actionLines(element["actions"])];
    case "TextBlock":
      return plain(text(element["text"])).split(/\r?\n/);
    case "RichTextBlock":
      return [list(element["inlines"]).map(inline).join("")];
    case "Container":
    case "Column":
    case "TableCell":
      return linesOf(element["items"]);
    case "ColumnSet":
      return sideBySide(list(element["columns"]));
    case "Table":
      return list(element["rows"]).flatMap((row) =>
        isElement(row) ? sideBySide(list(row["cells"])) : [],
      );
    case "FactSet":
      return list(element["facts"])
        .filter(isElement)
        .map((fact) => join([text(fact["title"]), text(fact["value"])].map(plain)));
    case "ActionSet":
      return actionLines(element["actions"]);
    case "CodeBlock":
      return text(element["codeSnippet"]).split(/\r?\n/);
    case "Image":
      return element["altText"] === undefined ? [] : [text(element["altText"])];
    case "ImageSet":
      return linesOf(element["images"]);
    default:
      return otherLines(element);
  }
}

function otherLines(element: Element): readonly string[] {
  const type = text(element["type"]);
  if (type.startsWith("Input.")) {
    return [
      join([text(element["label"]), `<${text(element["placeholder"]) || text(element["id"])}>`]),
    ];
  }
  return linesOf(element["fallback"]);
}

function actionLines(actions: unknown): readonly string[] {
  const buttons = list(actions).filter(isElement);
  if (buttons.length === 0) return [];
  const titles = buttons.map(
    (action) => `[${text(action["title"])}${action["isEnabled"] === false ? ", off" : ""}]`,
  );
  const opened = buttons.flatMap((action) => linesOf(action["card"])).map((line) => `  ${line}`);
  return [titles.join(" "), ...opened];
}

function sideBySide(columns: readonly unknown[]): readonly string[] {
  const contents = columns.map(linesOf);
  const height = Math.max(0, ...contents.map((lines) => lines.length));
  return Array.from({ length: height }, (_, i) => join(contents.map((lines) => lines[i] ?? "")));
}

function join(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("  ");
}

function inline(part: unknown): string {
  if (typeof part === "string") return part;
  return isElement(part) ? text(part["text"]) : "";
}

/** Without the marks of Markdown and of mentions: what is seen when they are drawn. */
function plain(marked: string): string {
  return marked
    .replaceAll(/<at>(.*?)<\/at>/g, "@$1")
    .replaceAll(/(?<!\\)\[([^\]]*)\]\((?:[^()\\]|\\.)*\)/g, "$1")
    .replaceAll(/(?<!\\)\*\*(.+?)(?<!\\)\*\*/g, "$1")
    .replaceAll(/\\([!-/:-@[-`{-~])/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

function isElement(value: unknown): value is Element {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
