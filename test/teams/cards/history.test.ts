import { renderChoice, renderChosen } from "../../../src/teams/cards/choice.ts";
import { renderHistory } from "../../../src/teams/cards/history.ts";
import { problemsOf, textsOf, verbsOf } from "./card-rules.ts";
import { context, everyState } from "./deployments.ts";

const all = Object.values(everyState);
const builds = [
  {
    build: 40_655,
    deployment: everyState.live,
    commit: { id: "3f9c2ab5d0e1", message: "Serve [tiles](x) from cache\n\nlong" },
  },
  { build: 40_641, deployment: everyState["rolled back"], commit: undefined },
];

describe("the history", () => {
  test("names what, who, when and how it ended, and keeps the rules of every card", () => {
    const { card, summary } = renderHistory(all, context);
    expect(problemsOf(card)).toEqual([]);
    expect(summary).toBe("History of production");
    const text = textsOf(card).join("\n");
    expect(text).toMatch(
      /#128 production-40672\nwent live · Alex Wilber asked, Megan Bowen approved · .* · took \d+ min/,
    );
    expect(text).toContain("was canceled · ");
    expect(text).toContain("production-40655, rolled back to");
    expect(text).toMatch(
      /#128 production-40612, put into Git by hand\nwent live · diego-siciliani changed it · /,
    );
  });

  test("of an environment without one says so", () => {
    const { card } = renderHistory([], context);
    expect(problemsOf(card)).toEqual([]);
    expect(textsOf(card).join("\n")).toContain("Nothing was deployed here yet.");
  });
});

describe("the builds to go back to", () => {
  test("are those that ran well: who, when, what, each with its button, and with the words to write", () => {
    const { card } = renderChoice(builds, context);
    expect(problemsOf(card)).toEqual([]);
    const text = textsOf(card).join("\n");
    expect(text).toContain("Which build shall production go back to?");
    expect(text).toMatch(/40655\n3f9c2ab Serve \\\[tiles\\\] \(x\) from cache\nAlex Wilber asked/);
    expect(text).toMatch(/40641\nAlex Wilber asked[^]*\(Go back\)/);
    expect(text).toContain("as in **rollback production 40655**");
    expect(verbsOf(card)).toEqual(["choose", "choose"]);
  });

  test("may be none, and then the command is shown all the same", () => {
    const { card } = renderChoice([], context);
    expect(problemsOf(card)).toEqual([]);
    expect(textsOf(card).join("\n")).toContain("If you know one, write");
  });

  test("are no question any more once somebody chose: what, who, and no buttons", () => {
    const target = { from: "build", build: 40_655 } as const;
    const { card } = renderChosen({ ...everyState.waiting, target });
    expect(problemsOf(card)).toEqual([]);
    expect(verbsOf(card)).toEqual([]);
    expect(textsOf(card).join("\n")).toContain("Alex Wilber chose **40655**: #128 asks for it");
  });
});
