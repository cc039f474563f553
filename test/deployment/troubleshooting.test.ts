import { readFileSync } from "node:fs";
import { join } from "node:path";
import { causes } from "../../src/deployment/causes.ts";

/** The page's part about each cause: the quoted words of omnibot, and what people are told beside them. */
const parts = new Map(
  readFileSync(join(import.meta.dirname, "../../docs/troubleshooting.md"), "utf8")
    .split(/^(?=##+ )/m)
    .flatMap((part) => {
      const [, code, words = "", rest = ""] =
        /^### `(.+)`\n\n> (.+)\n\n([\s\S]*)$/.exec(part) ?? [];
      return code === undefined ? [] : [[code, { words, meaning: rest.trim() }] as const];
    }),
);

test.each(Object.entries(causes))(
  "docs/troubleshooting.md has the words of %s, and says what they mean",
  (code, { sentence, remedy }) => {
    expect(parts.get(code)?.words).toBe(`**${sentence}** ${remedy}`);
    expect(parts.get(code)?.meaning).toMatch(/^.{40,}\.$/s);
  },
);

test("docs/troubleshooting.md tells of no cause that there is not", () => {
  expect([...parts.keys()].filter((code) => !Object.hasOwn(causes, code))).toEqual([]);
});
