import { readChallenge } from "../../src/azure/bearer-challenge.ts";

describe("a challenge", () => {
  test("names where to get a token, and for which service", () => {
    const header =
      'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull,push"';
    expect(readChallenge(header)).toEqual({
      scheme: "bearer",
      realm: "https://ghcr.io/token",
      service: "ghcr.io",
    });
  });

  test("is read without quotes, in any case, with spaces and escapes", () => {
    expect(readChallenge('bearer Realm = "https://a/\\"t\\"" , SERVICE=b')).toEqual({
      scheme: "bearer",
      realm: 'https://a/"t"',
      service: "b",
    });
  });

  test("by token is preferred to one by password", () => {
    const header = 'Basic realm="x", Bearer realm="https://a/token",service="a"';
    expect(readChallenge(header)).toEqual({
      scheme: "bearer",
      realm: "https://a/token",
      service: "a",
    });
  });

  test("by password alone is understood", () => {
    expect(readChallenge('Basic realm="Registry"')?.scheme).toBe("basic");
  });

  test("of another kind, or none, is not understood", () => {
    expect(readChallenge("Negotiate")).toBeUndefined();
    expect(readChallenge('Digest realm="Bearer"')).toBeUndefined();
    expect(readChallenge(null)).toBeUndefined();
  });
});
