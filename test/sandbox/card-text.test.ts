import { cardActions, cardText } from "../../sandbox/card-text.ts";

const block = (text: string, more: object = {}) => ({ type: "TextBlock", text, ...more });
const column = (...items: object[]) => ({ type: "Column", width: "auto", items });
const card = (...body: object[]) => ({ type: "AdaptiveCard", version: "1.5", body });

describe("A card in words", () => {
  test("columns stand side by side, two spaces apart, line by line", () => {
    const columns = [
      column(block("✓"), block("●")),
      column(block("Build"), block("Merge")),
      column(block("48 s")),
    ];
    const shown = card(
      { type: "ColumnSet", columns: [column(block("Deploying")), column(block("#128"))] },
      { type: "ColumnSet", columns },
    );
    expect(cardText(shown)).toBe("Deploying  #128\n✓  Build  48 s\n●  Merge");
  });

  test("facts, tables, containers, code and inputs are lines of their own", () => {
    const shown = card(
      {
        type: "Container",
        items: [{ type: "FactSet", facts: [{ title: "Commit", value: "4f2a91c" }] }],
      },
      {
        type: "Table",
        rows: [
          {
            type: "TableRow",
            cells: [
              { type: "TableCell", items: [block("build")] },
              { type: "TableCell", items: [block("done")] },
            ],
          },
        ],
      },
      { type: "RichTextBlock", inlines: ["one ", { type: "TextRun", text: "two" }] },
      { type: "CodeBlock", codeSnippet: "a\nb" },
      { type: "Input.Text", id: "reason", label: "Reason", placeholder: "Why not?" },
      { type: "Image", url: "https://omnispatial.example/x.png", altText: "a map" },
    );
    expect(cardText(shown).split("\n")).toEqual([
      "Commit  4f2a91c",
      "build  done",
      "one two",
      "a",
      "b",
      "Reason  <Why not?>",
      "a map",
    ]);
  });

  test("action titles stand in brackets, and what they open is indented", () => {
    const reject = {
      type: "Action.ShowCard",
      title: "Reject",
      card: {
        type: "AdaptiveCard",
        body: [block("Why?")],
        actions: [{ type: "Action.Execute", title: "Reject", verb: "reject", data: { id: 1 } }],
      },
    };
    const approve = {
      type: "Action.Execute",
      title: "Approve",
      verb: "approve",
      data: { id: 1 },
      isEnabled: false,
    };
    const open = { type: "Action.OpenUrl", title: "Changes", url: "https://omnispatial.example" };
    const shown = {
      ...card(block("Deploy?"), { type: "ActionSet", actions: [approve, reject] }),
      actions: [open],
    };
    expect(cardText(shown)).toBe("Deploy?\n[Approve, off] [Reject]\n  Why?\n  [Reject]\n[Changes]");
    expect(
      cardActions(shown).map(({ type, title, verb, enabled }) => [type, title, verb, enabled]),
    ).toEqual([
      ["Action.Execute", "Approve", "approve", false],
      ["Action.ShowCard", "Reject", undefined, true],
      ["Action.Execute", "Reject", "reject", true],
      ["Action.OpenUrl", "Changes", undefined, true],
    ]);
  });

  test("what is hidden is not read, and what Teams may not know is read by its fallback", () => {
    const shown = card(
      block("hidden", { isVisible: false }),
      { type: "ProgressBar", value: 60, fallback: block("3 of 5") },
      { type: "Badge", text: "new" },
    );
    expect(cardText(shown)).toBe("3 of 5");
  });

  test("Markdown is read as it is drawn, and escaped words as they were", () => {
    const shown = card(
      block("Alex asked, **Megan approved**: [run 40672](https://dev.azure.com/x)"),
      block("fix \\[link\\]\\(x\\) \\*\\*a\\*\\* feature\\_b"),
      block("<at>Alex Wilber</at> &lt;b&gt;"),
    );
    expect(cardText(shown).split("\n")).toEqual([
      "Alex asked, Megan approved: run 40672",
      "fix [link](x) **a** feature_b",
      "@Alex Wilber <b>",
    ]);
  });

  test("what is no card has no words", () => {
    expect([cardText(undefined), cardText("x"), cardText({ type: "Unknown" })]).toEqual([
      "",
      "",
      "",
    ]);
  });
});
