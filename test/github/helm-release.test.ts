import { readTag, replaceTag, type TagPlace } from "../../src/github/helm-release.ts";

const place: TagPlace = { path: ["spec", "values", "image", "tag"] };

/** A file as teams write it: comments, blank lines, odd spaces, an OCIRepository whose `tag` is the chart's. */
const production = `# Owned by the platform team.
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: { name: app-template, namespace: flux-system }
spec:
  ref:
    tag: 4.1.2 # the chart
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: omnispatial-web
  namespace: omnispatial
spec:
  interval: 5m


  values:
    defaultMode: 0755
    image:
      repository: omnispatial.azurecr.io/omnispatial/web
      tag: production-40655   # what runs
    sidecar: { image: { tag: "1.0" }, args: [ a,  b ] }
    script: |
      tag: production-40655
`;

function release(values: string): string {
  return `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n  values:\n${values}`;
}

function edited(source: string, tag = "production-40672", where: TagPlace = place): string {
  const outcome = replaceTag(source, where, tag);
  if (outcome.state === "failed") throw new Error(`${outcome.code}: ${outcome.detail}`);
  return outcome.text;
}

function refused(source: string, where: TagPlace = place, tag = "production-40672"): string {
  const outcome = replaceTag(source, where, tag);
  return outcome.state === "failed" ? `${outcome.code}: ${outcome.detail}` : "replaced";
}

describe("reading the tag", () => {
  test("the HelmRelease's own tag is read, not the chart's, a sidecar's or a script's", () => {
    expect(readTag(production, place)).toEqual({
      state: "read",
      tag: "production-40655",
      release: { name: "omnispatial-web", namespace: "omnispatial" },
      line: 23,
      hasImagePolicyMarker: false,
      alsoAt: [],
    });
  });

  test("other places that hold the same tag, and would keep it, are told by their lines", () => {
    const source = `${release("    image: { tag: v1.2 }\n")}    worker:
      image: { tag: v1.2 }
    job: example.azurecr.io/web:v1.2
    v1.2: old
    note: |
      v1.2 is old
`;
    expect(readTag(source, place)).toMatchObject({ tag: "v1.2", alsoAt: [9, 10] });
  });

  test("a HelmRelease without a namespace gets none", () => {
    expect(readTag(release("    image: { tag: v1 }\n"), place)).toMatchObject({
      release: { name: "web", namespace: undefined },
    });
  });

  test("a line that Flux's image automation has marked is told", () => {
    const source = release(`    image:\n      tag: v1 # {"$imagepolicy": "flux-system:web:tag"}\n`);
    expect(readTag(source, place)).toMatchObject({ tag: "v1", hasImagePolicyMarker: true });
  });

  test("a tag that YAML takes for a number is read as it is written", () => {
    expect(readTag(release("    image:\n      tag: 0362525\n"), place)).toMatchObject({
      tag: "0362525",
    });
  });
});

describe("P9 the change is one scalar", () => {
  test("P9 every other byte of a commented multi-document file stays", () => {
    const outcome = replaceTag(production, place, "production-40672");
    expect(outcome).toEqual({
      state: "replaced",
      text: production.replace("tag: production-40655   #", "tag: production-40672   #"),
      from: "production-40655",
      line: 23,
    });
  });

  test.each([
    ["plain", "      tag: v1\n", "      tag: v2\n"],
    ["single quotes", "      tag: 'v1'\n", "      tag: 'v2'\n"],
    ["double quotes", '      tag: "v1"\n', '      tag: "v2"\n'],
    ["escapes", '      tag: "v\\x31"\n', '      tag: "v2"\n'],
    ["a comment", "      tag: v1  # v1 is old\n", "      tag: v2  # v1 is old\n"],
    ["an anchor", "      tag: &tag v1\n    label: *tag\n", "      tag: &tag v2\n    label: *tag\n"],
    ["a quoted key", '      "tag": v1\n', '      "tag": v2\n'],
    ["an explicit key", "      ? tag\n      : v1\n", "      ? tag\n      : v2\n"],
    [
      "an emoji before it",
      "      title: 🚀 🚀\n      tag: v1\n",
      "      title: 🚀 🚀\n      tag: v2\n",
    ],
    ["tabs after it", "      tag:\tv1\t\n", "      tag:\tv2\t\n"],
    ["no final newline", "      tag: v1", "      tag: v2"],
    [
      "its own key beside a merge",
      "      <<: { pull: x }\n      tag: v1\n",
      "      <<: { pull: x }\n      tag: v2\n",
    ],
    ["on the next line", "      tag:\n        v1\n", "      tag:\n        v2\n"],
  ])("P9 the shape of the tag stays: %s", (_, before, after) => {
    expect(edited(release(`    image:\n${before}`), "v2")).toBe(release(`    image:\n${after}`));
  });

  test.each([
    ["a flow map", "    image: { repository: web,  tag: v1, x: y }\n"],
    ["JSON inside", '    image: {"repository":"web","tag":"v1"}\n'],
  ])("P9 the shape of the tag stays: %s", (_, values) => {
    expect(edited(release(values), "v2")).toBe(release(values.replace("v1", "v2")));
  });

  test("P9 a file in JSON stays JSON", () => {
    const json = JSON.stringify({
      apiVersion: "helm.toolkit.fluxcd.io/v2",
      kind: "HelmRelease",
      metadata: { name: "web" },
      spec: { values: { image: { tag: "v1" } } },
    });
    expect(edited(json, "v2")).toBe(json.replace("v1", "v2"));
  });

  test("P9 line ends of Windows and a byte order mark stay", () => {
    const windows = `\uFEFF${production.replaceAll("\n", "\r\n")}`;
    expect(edited(windows)).toBe(
      windows.replace("tag: production-40655   #", "tag: production-40672   #"),
    );
  });

  test("P9 a path through a list is followed by number", () => {
    const source = release("    containers:\n      - tag: v1\n      - tag: v1\n");
    const where = { path: ["spec", "values", "containers", "1", "tag"] };
    expect(edited(source, "v2", where)).toBe(
      release("    containers:\n      - tag: v1\n      - tag: v2\n"),
    );
  });
});

describe("quotes", () => {
  test.each([
    ["1.10", '"1.10"'],
    ["1e3", '"1e3"'],
    ["40672", '"40672"'],
    ["0123456", '"0123456"'],
    ["0x1f", '"0x1f"'],
    ["0b11", '"0b11"'],
    ["0o17", '"0o17"'],
    ["1_000", '"1_000"'],
    ["08", '"08"'],
    ["20240102.1", '"20240102.1"'],
    ["2024-01-02", '"2024-01-02"'],
    ["123456789012345678901234567890", '"123456789012345678901234567890"'],
    ["true", '"true"'],
    ["yes", '"yes"'],
    ["on", '"on"'],
    ["NO", '"NO"'],
    ["y", '"y"'],
    ["null", '"null"'],
    ["1.2.3", "1.2.3"],
    ["v1", "v1"],
    ["1e", "1e"],
    ["production-40672", "production-40672"],
    ["7f3a9c1", "7f3a9c1"],
  ])("a plain tag that becomes %s is written %s", (tag, written) => {
    expect(edited(release("    image:\n      tag: latest\n"), tag)).toBe(
      release(`    image:\n      tag: ${written}\n`),
    );
  });

  test("quotes that stand there are never removed", () => {
    expect(edited(release("    image:\n      tag: '1.10'\n"), "v2")).toBe(
      release("    image:\n      tag: 'v2'\n"),
    );
  });
});

describe("refusals name the line", () => {
  test.each([
    [
      "a block",
      "      tag: |-\n        v1\n",
      "tag-not-editable: Line 8: spec.values.image.tag is a block of text.",
    ],
    [
      "two lines",
      "      tag: v1\n        v2\n",
      "tag-not-editable: Line 8: spec.values.image.tag goes over several lines.",
    ],
    [
      "a type",
      "      tag: !!str v1\n",
      "tag-not-editable: Line 8: spec.values.image.tag has an explicit type, tag:yaml.org,2002:str.",
    ],
    [
      "an alias",
      "      x: &x v1\n      tag: *x\n",
      "tag-not-editable: Line 9: spec.values.image.tag is an alias, *x.",
    ],
    ["nothing", "      tag:\n", "tag-not-editable: Line 8: spec.values.image.tag is empty."],
    ["null", "      tag: ~ # none\n", "tag-not-editable: Line 8: spec.values.image.tag is empty."],
    [
      "a boolean",
      "      tag: true\n",
      "tag-not-editable: Line 8: spec.values.image.tag is true, which is not a string.",
    ],
    [
      "a variable",
      "      tag: ${TAG}\n",
      'tag-not-editable: Line 8: spec.values.image.tag is "${TAG}", which is no plain tag.',
    ],
    [
      "a digest",
      "      tag: v1@sha256:0\n",
      'tag-not-editable: Line 8: spec.values.image.tag is "v1@sha256:0", which is no plain tag.',
    ],
    [
      "a key twice",
      "      tag: v1\n      tag: v1\n",
      "yaml-duplicate-key: Line 9: Map keys must be unique.",
    ],
    [
      "a map",
      "      tag: { a: b }\n",
      "tag-not-found: Line 8: spec.values.image.tag is not a tag, it holds more.",
    ],
  ])("the tag is %s", (_, written, expected) => {
    expect(refused(release(`    image:\n${written}`))).toBe(expected);
  });

  test("the map around the tag is an alias", () => {
    const source = release("    base: &image { tag: v1 }\n    image: *image\n");
    expect(refused(source)).toBe(
      "tag-not-editable: Line 8: spec.values.image is an alias, *image.",
    );
  });

  test("the tag comes from a merge key only", () => {
    const source = release("    base: &image { tag: v1 }\n    image:\n      <<: *image\n");
    expect(refused(source)).toBe(
      "tag-not-editable: Line 9: spec.values.image.tag comes from a merge key (<<).",
    );
  });

  test("the path is written as one key with a dot", () => {
    expect(refused(release("    image.tag: v1\n"))).toBe(
      "tag-not-found: Line 7: image.tag is one key with a dot, which Helm does not read as a path.",
    );
  });

  test("there is no tag", () => {
    expect(refused(release("    redis:\n      tag: v1\n"))).toBe(
      "tag-not-found: web (line 1) has no spec.values.image.",
    );
  });

  test("the file is not YAML", () => {
    expect(refused("a: [1\nb: 2\n")).toMatch(/^yaml-invalid: Line \d: /);
    expect(refused("a: b: c\n")).toMatch(/^yaml-invalid: Line 1: /);
  });

  test("the HelmRelease is of Flux 1", () => {
    const source = "apiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\nmetadata: { name: web }\n";
    expect(refused(source)).toBe(
      "release-not-found: Line 1: helm.fluxcd.io/v1 is Flux 1, which omnibot does not know.",
    );
  });

  test("the file holds no HelmRelease, or is empty", () => {
    expect(refused("image:\n  tag: v1\n")).toMatch(/^release-not-found: /);
    expect(refused("")).toMatch(/^release-not-found: /);
    expect(refused("---\n---\n")).toMatch(/^release-not-found: /);
  });

  test("the new tag is not a tag", () => {
    const source = release("    image:\n      tag: v1\n");
    for (const tag of [
      "",
      "-v1",
      "v1\nx: y",
      "a b",
      "v1@sha256:0",
      "${TAG}",
      "x".repeat(129),
      'v"1',
    ]) {
      expect(refused(source, place, tag)).toMatch(/^tag-invalid: /);
    }
  });

  test("the tag stands there already", () => {
    expect(refused(production, place, "production-40655")).toBe(
      "already-live: Line 23 says production-40655 already.",
    );
  });
});

describe("several HelmReleases", () => {
  const web = release("    image:\n      tag: v1\n");
  const api = web.replace("name: web", "name: api");
  const redis = release("    auth: off\n").replace("name: web", "name: redis");

  test("the only one with a tag is meant", () => {
    expect(edited(`${redis}---\n${web}`, "v2")).toBe(`${redis}---\n${web.replace("v1", "v2")}`);
  });

  test("two with a tag are ambiguous", () => {
    expect(refused(`${web}---\n${api}`)).toBe(
      "tag-ambiguous: The file holds web (line 1), api (line 10), each with a tag.",
    );
  });

  test("the configuration says which one", () => {
    expect(edited(`${web}---\n${api}`, "v2", { ...place, release: "api" })).toBe(
      `${web}---\n${api.replace("v1", "v2")}`,
    );
    expect(refused(`${web}---\n${api}`, { ...place, release: "worker" })).toBe(
      "release-not-found: The file holds web (line 1), api (line 10), and no HelmRelease worker.",
    );
  });

  test("one whose tag cannot be edited makes the other no better guess", () => {
    expect(refused(`${web}---\n${api.replace("tag: v1", "tag: ${TAG}")}`)).toMatch(
      /^tag-ambiguous: /,
    );
  });
});
