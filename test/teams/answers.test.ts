import { misunderstanding } from "../../src/teams/answers.ts";
import { parseCommand } from "../../src/teams/command.ts";

function answerTo(text: string): string {
  const command = parseCommand(text);
  if (command.type !== "unknown" && command.type !== "bad-number")
    throw new Error(`${text} is understood`);
  return misunderstanding(command);
}

describe("what is not understood", () => {
  test("is answered with the nearest command", () => {
    expect(answerTo("depoly production")).toBe(
      "“depoly production” is not a command that omnibot knows; nothing was done. Did you mean **deploy**? **help** lists them all.",
    );
  });

  test.each([
    ["cancel 7", "cancel", "cancel #128"],
    ["status 128", "status", "status #128"],
    ["Block", "block", "block 40672 the map is wrong"],
    ["deploy production main", "deploy", "deploy production 40672"],
  ])("but begins with a command that there is gets an example of it: %s", (text, verb, example) => {
    expect(answerTo(text)).toContain(
      `is not how **${verb}** is written; nothing was done. Write for example **${example}**.`,
    );
  });

  test.each(["approve", "approve #1", "yes", "Reject!", "ok"])(
    "and is meant for a button is told so: %s",
    (text) => {
      expect(answerTo(text)).toContain("is done on the card: press its button");
    },
  );
});
