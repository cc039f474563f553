import { firstWords, tailOf, withReason } from "../../src/deployment/words.ts";

test("the first words of a message are one line of 300 characters at most, and none of a page of HTML", () => {
  expect(firstWords("  one\n two ")).toBe("one two");
  expect(firstWords("<!DOCTYPE html><html>")).toBe("");
  expect(firstWords("x".repeat(400))).toHaveLength(300);
});

test("a sentence without a reason ends where it ends", () => {
  expect(withReason("GitHub answered 404", "Not Found")).toBe("GitHub answered 404: Not Found");
  expect(withReason("GitHub answered 502", "<html>")).toBe("GitHub answered 502");
});

describe("the tail of a log", () => {
  test("is its last 20 lines that say something, without colours and control characters", () => {
    const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
    expect(tailOf(`${lines.join("\n")}\n\n`, 4096)).toEqual(lines.slice(10));
    expect(tailOf("\u001B[31mred\u001B[0m\r\n\n", 4096)).toEqual(["red"]);
  });

  test("is no larger than asked for, and cuts long lines", () => {
    const log = Array.from({ length: 30 }, () => "ä".repeat(300)).join("\n");
    const tail = tailOf(log, 4096);
    expect(Buffer.byteLength(tail.join("\n"))).toBeLessThanOrEqual(4096);
    expect(tail[0]).toHaveLength(240);
  });

  test("P13 holds no line of a private key, not even of one whose beginning is cut off", () => {
    const line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    const key = `-----BEGIN PRIVATE KEY-----\n${line}\n${line}\n-----END PRIVATE KEY-----`;
    expect(tailOf(`starting\n${key}\nfailed`, 4096)).toEqual(["starting", "(hidden)", "failed"]);
    expect(tailOf(key.split("\n").slice(1).join("\n"), 4096).join("\n")).not.toContain(line);
  });
});
