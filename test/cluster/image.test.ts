import { digestIn, isOf, parseImage, shortTag, shortTags } from "../../src/cluster/image.ts";

test.each([
  ["omnispatial.azurecr.io/omnispatial/web:production-40672", "production-40672"],
  ["localhost:5000/omnispatial/web", undefined],
  ["localhost:5000/omnispatial/web:1", "1"],
  [`omnispatial/web:v1@sha256:${"a".repeat(64)}`, "v1"],
])("the tag of %s is %s", (reference, tag) => {
  expect(parseImage(reference).tag).toBe(tag);
  expect(isOf(reference, "omnispatial/web")).toBe(true);
});

test("another repository is not taken for ours", () => {
  expect(isOf("omnispatial.azurecr.io/omnispatial/website:1", "omnispatial/web")).toBe(false);
  expect(isOf("omnispatial.azurecr.io/notomnispatial/web:1", "omnispatial/web")).toBe(false);
});

test("a digest is read from either form of an imageID", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  expect(digestIn(`docker-pullable://omnispatial/web@${digest}`)).toBe(digest);
  expect(digestIn(digest)).toBe(digest);
  expect(digestIn("")).toBeUndefined();
});

test("tags are shortened to their number, unless that would confuse them", () => {
  expect(shortTag("production-40672")).toBe("40672");
  expect(shortTag("v1.2.3")).toBe("v1.2.3");
  expect(shortTags("production-40672", "production-40655")).toEqual(["40672", "40655"]);
  expect(shortTags("production-40672", "staging-40672")).toEqual([
    "production-40672",
    "staging-40672",
  ]);
});
