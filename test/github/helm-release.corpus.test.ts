import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMap, isScalar, parseAllDocuments, visit } from "yaml";
import { decodeText, encodeText } from "../../src/github/bytes.ts";
import { readTag, replaceTag, type TagPlace } from "../../src/github/helm-release.ts";

/** Real HelmRelease files that are kept beside the project, as data; they are not part of it. */
const folder = fileURLToPath(new URL("../../../shared/yaml-corpus/", import.meta.url));
const present = existsSync(`${folder}sources.txt`);
if (!present)
  console.log("The corpus of real files (../shared/yaml-corpus) is not here: its test is skipped.");
const names = present ? listNames() : [];

const usual: TagPlace = { path: ["spec", "values", "image", "tag"] };

interface Place extends TagPlace {
  readonly range: readonly [number, number];
}

(present ? describe : describe.skip)("P9 real files of many teams", () => {
  test("P9 every tag that can be edited is exchanged byte for byte, on Unix and Windows, with and without a mark", () => {
    let edits = 0;
    for (const name of names) {
      const unix = decodeText(readFileSync(folder + name)) ?? "";
      for (const source of [unix, unix.replaceAll("\n", "\r\n"), `\uFEFF${unix}`]) {
        for (const place of tagPlaces(source)) {
          const outcome = replaceTag(source, place, "production-40672");
          if (outcome.state === "failed" && outcome.code === "tag-not-editable") continue;
          if (outcome.state === "failed") throw new Error(`${name}: ${outcome.detail}`);
          const [from, to] = place.range;
          const quote = /^['"]/.exec(source.slice(from, to))?.[0] ?? "";
          const expected = `${source.slice(0, from)}${quote}production-40672${quote}${source.slice(to)}`;
          expect(encodeText(outcome.text).equals(encodeText(expected))).toBe(true);
          edits += 1;
        }
      }
    }
    expect(edits).toBeGreaterThan(60);
  });

  test("where there is no image tag none is invented", () => {
    const codes = (name: string) => {
      const read = readTag(decodeText(readFileSync(folder + name)) ?? "", usual);
      return read.state === "failed" ? read.code : read.tag;
    };
    expect(codes("hmcts_cmc-citizen-frontend.yaml")).toBe("tag-not-found");
    expect(codes("jw2dotorg_podinfo_helm-release.yaml")).toBe("tag-not-found");
    expect(codes("joazvsoares_helm-release.yaml")).toBe("release-not-found");
    expect(codes("queuetestev_helm-release.yaml")).toBe("tag-not-found");
  });
});

function listNames(): readonly string[] {
  const lines = readFileSync(`${folder}sources.txt`, "utf8").split("\n");
  const files = lines
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t")[0] ?? "");
  return files.filter((name) => existsSync(folder + name));
}

/** Every `image.tag` of the HelmReleases in a file, however deep, as a path to configure. */
function tagPlaces(source: string): readonly Place[] {
  const places: Place[] = [];
  for (const document of parseAllDocuments(source)) {
    if (
      document.get("kind") !== "HelmRelease" ||
      !String(document.get("apiVersion")).startsWith("helm.toolkit.")
    )
      continue;
    visit(document, {
      Pair(_, pair, ancestors) {
        if (
          !isScalar(pair.key) ||
          pair.key.value !== "tag" ||
          !isScalar(pair.value) ||
          !pair.value.range
        )
          return;
        const path = ancestors.flatMap((one) =>
          "key" in one && isScalar(one.key) ? [String(one.key.value)] : [],
        );
        if (path.at(-1) !== "image" || !isMap(ancestors.at(-1))) return;
        const [from, to] = pair.value.range;
        places.push({
          path: [...path, "tag"],
          release: String(document.getIn(["metadata", "name"])),
          range: [from, to],
        });
      },
    });
  }
  return places;
}
