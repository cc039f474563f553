import { renderGoodBuilds, renderHistory } from "../../../src/teams/cards/history.ts";
import { problemsOf, textsOf } from "./card-rules.ts";
import { context, everyState } from "./deployments.ts";

const all = Object.values(everyState);
const builds = [
  { build: 40_655, deployment: everyState.live },
  { build: 40_641, deployment: everyState["rolled back"] },
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
  test("are those that ran well, with the words to write", () => {
    const { card } = renderGoodBuilds(builds, context);
    expect(problemsOf(card)).toEqual([]);
    const text = textsOf(card).join("\n");
    expect(text).toContain("Which build shall production go back to?");
    expect(text).toMatch(/40655\nAlex Wilber asked/);
    expect(text).toContain("Write **rollback production 40655**");
  });

  test("may be none, and then the command is shown all the same", () => {
    const { card } = renderGoodBuilds([], context);
    expect(problemsOf(card)).toEqual([]);
    expect(textsOf(card).join("\n")).toContain("If you know one, write");
  });
});
