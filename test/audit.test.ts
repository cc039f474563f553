import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditLines } from "../src/audit-lines.ts";
import { readAuditRecords, type AuditRecord } from "../src/store/audit-records.ts";
import { openDatabase } from "../src/store/database.ts";
import { createLedger } from "../src/store/ledger.ts";
import { migrate } from "../src/store/migrations.ts";
import { planOf } from "../src/deployment/steps.ts";
import { alex, deploymentAt, megan } from "./deployment/fakes.ts";

async function textOf(records: readonly AuditRecord[], format: "jsonl" | "csv"): Promise<string> {
  let text = "";
  for await (const line of auditLines(toStream(records), format)) text += line;
  return text;
}

async function* toStream(records: readonly AuditRecord[]): AsyncGenerator<AuditRecord> {
  yield* records;
}

const entry: AuditRecord = {
  id: 7,
  at: Date.UTC(2026, 10, 26, 10),
  action: "approved",
  actor: megan,
  facts: { commit: "3f9c2ab" },
  deployment: deploymentAt("check-health"),
};

describe("the audit export", () => {
  test("P12 has who asked, who approved and every link of the evidence in each line", async () => {
    const line: unknown = JSON.parse(await textOf([entry], "jsonl"));
    expect(line).toMatchObject({
      id: 7,
      at: "2026-11-26T10:00:00.000Z",
      action: "approved",
      actor: megan,
      deployment: {
        id: 128,
        requester: alex,
        approvals: [{ ...megan, at: "1970-01-01T00:16:40.000Z" }],
        evidence: { run: { id: 40672 }, change: { pullRequest: 871 } },
      },
    });
    const [header = "", row = ""] = (await textOf([entry], "csv")).split("\r\n");
    const cells = Object.fromEntries(header.split(",").map((name, i) => [name, row.split(",")[i]]));
    expect(cells).toMatchObject({
      id: "7",
      at: "2026-11-26T10:00:00.000Z",
      actor_name: "Megan Bowen",
      requester_id: alex.id,
      approver_ids: megan.id,
      tag: "production-40672",
      merge_commit: "c".repeat(40),
    });
  });

  test.each([
    ["=HYPERLINK(1)", "'=HYPERLINK(1)"],
    ["+1", "'+1"],
    ["-2+3", "'-2+3"],
    ["@SUM(A1)", "'@SUM(A1)"],
    [" =1", "' =1"],
    ["\t=1", "'\t=1"],
    ['say "hi", now', '"say ""hi"", now"'],
    ["two\r\nlines", '"two\r\nlines"'],
    ["Ümläut 💡", "Ümläut 💡"],
  ])("a spreadsheet takes no name for a formula, and no cell for two: %j", async (name, cell) => {
    const text = await textOf(
      [{ ...entry, actor: { id: "x", name }, deployment: undefined }],
      "csv",
    );
    expect(text.slice(text.indexOf("\r\n") + 2)).toBe(
      `7,2026-11-26T10:00:00.000Z,approved,x,${cell}${",".repeat(16)}"{""commit"":""3f9c2ab""}"\r\n`,
    );
  });
});

describe("npm run audit", () => {
  const folder = mkdtempSync(join(tmpdir(), "omnibot-audit-"));
  const file = join(folder, "omnibot.sqlite");
  const many = 1201;

  beforeAll(async () => {
    const database = openDatabase({ file });
    await migrate(database);
    const ledger = createLedger(database.db);
    await ledger.create(
      {
        key: "abcdef012345",
        kind: "deploy",
        environment: "production",
        target: { from: "branch" },
        requester: alex,
        requestedAt: 1000,
        expiresAt: 9000,
        progress: planOf({ kind: "deploy", target: { from: "branch" } }),
      },
      { id: "m", conversation: "c", reference: "{}" },
    );
    for (let i = 1; i < many; i += 1)
      await ledger.audit({
        at: i * 1000,
        deploymentId: undefined,
        actor: megan,
        action: "locked",
        facts: {},
      });
    await database.db.destroy();
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, ["src/audit.ts", ...args], {
      encoding: "utf8",
      env: { ...process.env, OMNIBOT_SANDBOX: "1", OMNIBOT_DATA: folder, GITHUB_TOKEN: "none" },
    });

  test("P12 reads all of it in order, page by page", async () => {
    const { db } = openDatabase({ file });
    const ids: number[] = [];
    for await (const { id } of readAuditRecords(db, { from: 0, to: Number.MAX_SAFE_INTEGER }))
      ids.push(id);
    expect(ids).toEqual(Array.from({ length: many }, (_, i) => i + 1));
    const some: AuditRecord[] = [];
    for await (const one of readAuditRecords(db, { from: 0, to: 5000, environment: "production" }))
      some.push(one);
    expect(some).toMatchObject([{ action: "requested", deployment: { requester: alex } }]);
    await db.destroy();
  });

  test("writes what was asked for, to whom it was asked", () => {
    const { stdout, status } = run("--from", "1970-01-01T00:20:00Z", "--format", "csv");
    expect(status).toBe(0);
    expect(stdout.trimEnd().split("\r\n")).toHaveLength(2);
    const output = join(folder, "audit.jsonl");
    expect(run("--output", output).status).toBe(0);
    expect(readFileSync(output, "utf8").trimEnd().split("\n")).toHaveLength(many);
  });

  test.each([["--from", "yesterday"], ["--format", "xml"], ["--what"]])(
    "says how it is used when it is asked for %s %s",
    (...args) => {
      const { status, stderr } = run(...args);
      expect(status).toBe(2);
      expect(stderr).toContain("npm run --silent audit");
    },
  );
});
