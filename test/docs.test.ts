import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { variableNames } from "../src/config/load-settings.ts";

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "infra/README.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const textOf = (page: string) => readFileSync(page, "utf8");
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(textOf("package.json")));

/** GitHub's name of a heading in the address: small, without punctuation, dashes for spaces. */
function anchorsOf(page: string): readonly string[] {
  const prose = textOf(page).replaceAll(/```[\s\S]*?```/g, "");
  return [...prose.matchAll(/^#+ +(.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-"),
  );
}

describe("the documentation", () => {
  test.each(pages)("%s names only scripts that there are", (page) => {
    const named = [...textOf(page).matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g)].map(
      ([, name = ""]) => name,
    );
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test.each(pages)("%s links to pages, places and pictures that there are", (page) => {
    const prose = textOf(page).replaceAll(/```[\s\S]*?```/g, "");
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const own = links.filter((link) => !/^(https?|mailto):/.test(link));
    const broken = own.filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test.each(pages)("%s names only files that there are", (page) => {
    // Paths of this repository in code: src/…, test/…, infra/….
    const named = [
      ...textOf(page).matchAll(/`((?:src|test|infra|docs|sandbox|bench|cards)\/[\w./-]*\w)`/g),
    ];
    const paths = named.map(([, path = ""]) => path);
    const missing = paths.filter((path) => !existsSync(path) && !existsSync(`${path}.ts`));
    expect(missing).toEqual([]);
  });

  test.each(pages)("%s names only variables that omnibot reads", (page) => {
    const ours = /\b((?:OMNIBOT|MICROSOFT|AZURE|GITHUB|REGISTRY|FLUX|DATABASE)_[A-Z_]*[A-Z])\b/g;
    const named = [...textOf(page).matchAll(ours)].map(([, name = ""]) => name);
    // Of suites and scripts, not of omnibot.
    const others = new Set(["OMNIBOT_PICTURES", "OMNIBOT_EARLIER", "OMNIBOT_BROWSER"]);
    expect(named.filter((name) => !variableNames.includes(name) && !others.has(name))).toEqual([]);
  });
});

describe("docs/security.md", () => {
  const security = textOf("docs/security.md");
  const design = textOf("docs/design.md");
  const promises = [...design.matchAll(/^- (P\d+) /gm)].map(([, number = ""]) => number);
  const rows = [...security.matchAll(/^\| (P\d+) +\| .*? \| (.*?) \|$/gm)].map(
    ([, number = "", tests = ""]) => ({
      number,
      files: [...tests.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file),
    }),
  );

  test("has a row for every promise", () => {
    expect(promises.length).toBeGreaterThanOrEqual(20);
    expect(rows.map(({ number }) => number)).toEqual(promises);
  });

  test.each(promises)("names tests of %s that carry its number", (number) => {
    const files = rows.find((row) => row.number === number)?.files ?? [];
    expect(files.length).toBeGreaterThan(0);
    const without = files.filter((file) => !carries(file, number));
    expect(without).toEqual([]);
  });
});

/** A file, or a folder of a suite, that speaks of the promise by its number. */
function carries(path: string, number: string): boolean {
  if (!existsSync(path)) return false;
  const files = statSync(path).isDirectory()
    ? readdirSync(path).map((name) => join(path, name))
    : [path];
  const word = new RegExp(`\\b${number}\\b`);
  return files.some((file) => statSync(file).isFile() && word.test(readFileSync(file, "utf8")));
}
