import * as fc from "fast-check";
import { parseAllDocuments, stringify } from "yaml";
import { decodeText, encodeText } from "../../src/github/bytes.ts";
import { readTag, replaceTag } from "../../src/github/helm-release.ts";

const place = { path: ["spec", "values", "image", "tag"] };
const word = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,40}$/;
const tags = fc.oneof(
  fc.stringMatching(word),
  fc.constantFrom(
    "yes",
    "on",
    "null",
    "1.10",
    "1e3",
    "0x1f",
    "0o17",
    "1_0",
    "08",
    "2024-01-02",
    "true",
    "production-40672",
  ),
);

/** Values of a chart: whatever a team writes beside the image. */
const values = fc.dictionary(
  fc
    .oneof(
      fc.stringMatching(/^[a-z][a-zA-Z.-]{0,9}$/),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }),
    )
    .filter((key) => key !== "image" && key !== "<<" && key !== "__proto__"),
  fc.jsonValue({ maxDepth: 3, stringUnit: "grapheme" }),
  { maxKeys: 6 },
);

const shapes = fc.record({
  before: values,
  after: values,
  tag: tags,
  style: fc.constantFrom('"', "'", "plain"),
  comment: fc.constantFrom("", " # now", '   # {"$imagepolicy": "a:b:tag"}', "\t"),
  flow: fc.boolean(),
  blank: fc.nat({ max: 3 }),
  lineEnd: fc.constantFrom("\n", "\r\n"),
  mark: fc.constantFrom("", "\uFEFF"),
  finalNewline: fc.boolean(),
  siblings: fc.nat({ max: 2 }),
});

type Shape = typeof shapes extends fc.Arbitrary<infer One> ? One : never;

/** A file with the tag written in one of many ways; `@` marks where it stands. */
function write(shape: Shape): string {
  const quote = shape.style === "plain" ? "" : shape.style;
  const tag = `${quote}@TAG@${quote}`;
  const image = shape.flow
    ? `image: { repository: web,  tag: ${tag} }${shape.comment}`
    : `image:\n  repository: web\n  tag: ${tag}${shape.comment}`;
  const blocks = [body(shape.before), image, "\n".repeat(shape.blank), body(shape.after, "after")];
  const indented = blocks.join("\n").replaceAll(/^(?=.)/gm, "    ");
  const release = `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n  values:\n${indented}`;
  const sibling = "---\napiVersion: v1\nkind: ConfigMap\ndata: { tag: x,   image: y }\n";
  const text = `${sibling.repeat(shape.siblings)}---\n${release}${shape.finalNewline ? "\n" : ""}`;
  return shape.mark + text.replaceAll("\n", shape.lineEnd);
}

function body(content: object, under = "before"): string {
  return stringify({ [under]: content }).trimEnd();
}

function fill(template: string, text: string): string {
  return template.replace("@TAG@", () => text);
}

/** Tags whose plain form is no string, or not the same one, stand in quotes. */
function plain(tag: string): boolean {
  return [undefined, "1.1" as const].every((version) => {
    const [document] = parseAllDocuments(tag, version === undefined ? {} : { version });
    return document !== undefined && document.toJS() === tag;
  });
}

describe("P9 properties of the edit", () => {
  test("P9 in random documents every other byte stays, and the new tag is read back", () => {
    fc.assert(
      fc.property(shapes, tags, (shape, tag) => {
        fc.pre(shape.tag !== tag && (shape.style !== "plain" || plain(shape.tag)));
        const template = write(shape);
        const source = fill(template, shape.tag);
        const outcome = replaceTag(source, place, tag);
        if (outcome.state === "failed") throw new Error(`${outcome.code}: ${outcome.detail}`);

        const forms = shape.style === "plain" ? [tag, `"${tag}"`] : [tag];
        expect(forms.map((form) => fill(template, form))).toContain(outcome.text);
        expect(outcome.from).toBe(shape.tag);
        expect(readTag(outcome.text, place)).toMatchObject({
          state: "read",
          tag,
          line: outcome.line,
        });
        const unquoted = shape.style === "plain" && outcome.text === fill(template, tag);
        expect(unquoted && !plain(tag)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test("P9 there and back again is the same file", () => {
    fc.assert(
      fc.property(shapes, tags, (shape, tag) => {
        fc.pre(
          shape.tag !== tag &&
            (shape.style !== "plain" || (plain(shape.tag) && /^[a-z]{4,}-/.test(tag))),
        );
        const source = fill(write(shape), shape.tag);
        const there = replaceTag(source, place, tag);
        if (there.state === "failed") throw new Error(there.detail);
        const back = replaceTag(there.text, place, shape.tag);
        if (back.state === "failed") throw new Error(back.detail);
        const requoted = shape.style === "plain" && back.text !== source;
        expect(requoted ? back.text.replace(`"${shape.tag}"`, shape.tag) : back.text).toBe(source);
      }),
      { numRuns: 200 },
    );
  });

  test("P9 any text at all is edited in one scalar or refused, and never breaks the editor", () => {
    const whole =
      "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n  values:\n    image:\n      tag: v1\n";
    const pieces = fc.oneof(
      fc.constantFrom(
        "---\n",
        "\n",
        "      tag: v1\n",
        "    image: { tag: v1 }\n",
        "spec: {values: {image: {tag: v1}}}\n",
      ),
      fc.constantFrom(
        "&a ",
        "*a ",
        "<<: ",
        "|\n",
        ">-\n",
        "? ",
        "!!str ",
        " # ",
        "\t",
        "\r",
        "\r\n",
        "'",
        '"',
        "{",
        "]",
        "%",
      ),
      fc.string({ unit: "binary", maxLength: 6 }),
    );
    const lineStarts = [...whole.matchAll(/^/gm)].map((match) => match.index);
    const insertions = fc.array(
      fc.tuple(fc.oneof(fc.nat({ max: whole.length }), fc.constantFrom(...lineStarts)), pieces),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    let replaced = 0;
    fc.assert(
      fc.property(insertions, (inserted) => {
        const source = inserted.reduce(
          (text, [at, piece]) => text.slice(0, at) + piece + text.slice(at),
          whole,
        );
        const outcome = replaceTag(source, place, "production-40672");
        if (outcome.state === "failed") return;
        replaced += 1;
        const shared = commonEnds(source, outcome.text);
        expect(outcome.text.slice(shared.start, outcome.text.length - shared.end)).not.toMatch(
          /[\r\n]/,
        );
        expect(source.slice(shared.start, source.length - shared.end)).not.toMatch(/[\r\n]/);
        expect(readTag(outcome.text, place)).toMatchObject({ tag: "production-40672" });
      }),
      { numRuns: 1000 },
    );
    expect(replaced).toBeGreaterThan(20);
  });

  test("P9 bytes that are not UTF-8 are refused, and all others come back as they were", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = decodeText(bytes);
        return text === undefined || encodeText(text).equals(bytes);
      }),
    );
    expect(decodeText(Uint8Array.of(0x74, 0xe9, 0x3a))).toBeUndefined();
    expect(decodeText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\uFEFFa");
  });
});

function commonEnds(one: string, other: string): { start: number; end: number } {
  const most = Math.min(one.length, other.length);
  let start = 0;
  while (start < most && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < most - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  return { start, end };
}
