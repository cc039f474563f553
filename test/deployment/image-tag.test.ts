import { buildOfTag, imageTag } from "../../src/deployment/image-tag.ts";

describe("an image tag", () => {
  test("P8 has the configured form", () => {
    const build = { id: 40672, number: "20261125.1" };
    expect(imageTag({ tag: "{environment}-{buildId}" }, "production", build)).toBe(
      "production-40672",
    );
    expect(imageTag({ tag: "{buildNumber}" }, "production", build)).toBe("20261125.1");
    expect(
      imageTag({ tag: "{buildNumber}" }, "production", { id: 1, number: undefined }),
    ).toBeUndefined();
  });

  test("P8 is none when the run's number does not make one", () => {
    expect(
      imageTag({ tag: "{buildNumber}" }, "production", { id: 1, number: "1 of main" }),
    ).toBeUndefined();
    expect(
      imageTag({ tag: "{buildNumber}" }, "production", { id: 1, number: "x".repeat(129) }),
    ).toBeUndefined();
  });

  test("tells its build, where it has the configured form", () => {
    const form = { tag: "{environment}-{buildId}" };
    expect(buildOfTag(form, "production", "production-40655")).toBe(40655);
    expect(buildOfTag(form, "production", "staging-40655")).toBeUndefined();
    expect(buildOfTag(form, "production", "production-")).toBeUndefined();
    expect(buildOfTag(form, "production", "production-4e1")).toBeUndefined();
    expect(buildOfTag({ tag: "{buildNumber}" }, "production", "40655")).toBeUndefined();
  });
});
