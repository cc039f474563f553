import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strFromU8, unzipSync } from "fflate";
import { manifestOf, problemsOf } from "../../infra/teams/manifest.ts";

const appId = "11111111-2222-4333-8444-555555555555";
const script = "infra/teams/package.ts";

describe("the Teams app package", () => {
  const folder = mkdtempSync(join(tmpdir(), "omnibot-teams-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("holds the manifest of this installation and both icons in the sizes that Teams asks for", () => {
    const out = join(folder, "app.zip");
    execFileSync(process.execPath, [
      script,
      "--app-id",
      appId.toUpperCase(),
      "--version",
      "1.2.3",
      "--out",
      out,
    ]);
    const files = unzipSync(readFileSync(out));
    expect(Object.keys(files).toSorted()).toEqual(["color.png", "manifest.json", "outline.png"]);
    expect(JSON.parse(strFromU8(files["manifest.json"] ?? new Uint8Array()))).toMatchObject({
      id: appId,
      version: "1.2.3",
      bots: [{ botId: appId, scopes: ["team", "personal"] }],
    });
    expect(sizeOf(files["color.png"])).toEqual([192, 192]);
    expect(sizeOf(files["outline.png"])).toEqual([32, 32]);
  });

  test("passes the schema that Microsoft publishes, and a mistake does not", () => {
    const manifest = manifestOf({ appId, version: "1.2.3" });
    expect(problemsOf(manifest)).toEqual([]);
    expect(problemsOf({ ...manifest, accentColor: "blue" })).toEqual([
      expect.stringContaining("/accentColor"),
    ]);
    expect(problemsOf({ ...manifest, surprise: true })).not.toEqual([]);
  });

  test("asks for no permission of its own: mentions are all that omnibot reads", () => {
    expect(manifestOf({ appId, version: "1.2.3" })).not.toHaveProperty("authorization");
  });

  test("is not built without an app id, or with one that is none", () => {
    const environment = { PATH: process.env["PATH"] };
    const none = spawnSync(process.execPath, [script], { env: environment, encoding: "utf8" });
    expect(none.status).toBe(2);
    expect(none.stderr).toContain("--app-id <GUID>");
    expect(() => manifestOf({ appId: "omnibot", version: "1.2.3" })).toThrow("not a GUID");
    expect(() => manifestOf({ appId, version: "one" })).toThrow("not of the form 1.2.3");
  });
});

/** Width and height, as a PNG's first chunk says. */
function sizeOf(png: Uint8Array = new Uint8Array()): readonly number[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return [view.getUint32(16), view.getUint32(20)];
}
