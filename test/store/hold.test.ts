import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase, type Database } from "../../src/store/database.ts";
import { freeLeases } from "../../src/store/hand-over.ts";
import { holdFile } from "../../src/store/hold.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { migrate } from "../../src/store/migrations.ts";
import { createThreads } from "../../src/store/threads.ts";

describe("a ledger of one process", () => {
  let folder: string;
  let file: string;
  let child: ChildProcess | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "omnibot-hold-"));
    file = join(folder, "data", "omnibot.sqlite");
  });

  afterEach(() => {
    child?.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  test("is held by one, and the next one waits until it is let go", async () => {
    const first = await holdFile(file, 0);
    await expect(holdFile(file, 150)).rejects.toThrow("Several processes need PostgreSQL");
    const next = holdFile(file, 5000);
    first.release();
    (await next).release();
  });

  test("is let go by a process that is killed, and can be read while it is held", async () => {
    const source = `import { holdFile } from "./src/store/hold.ts"; globalThis.hold = await holdFile(process.argv[1], 0);
      process.stdout.write("held"); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, [
      "--no-warnings",
      "--input-type=module-typescript",
      "-e",
      source,
      file,
    ]);
    child = holder;
    await once(holder.stdout, "data");
    await expect(holdFile(file, 0)).rejects.toThrow("Another process works on");
    const database = openDatabase({ file });
    await migrate(database);
    await database.db.destroy();
    expect(existsSync(file)).toBe(true);

    holder.kill("SIGKILL");
    (await holdFile(file, 5000)).release();
  });

  describe("after a crash", () => {
    let database: Database;

    beforeEach(async () => {
      database = openDatabase({ file });
      await migrate(database);
    });

    afterEach(() => database.db.destroy());

    test("P4 what the dead process held is due at once, and its claims count no more", async () => {
      const ledger = createLedger(database.db);
      const threads = createThreads(database.db);
      const created = await ledger.create(
        {
          key: "k1",
          kind: "deploy",
          environment: "production",
          target: { from: "branch" },
          requester: { id: "aaaaaaaa-0000-4000-8000-000000000001", name: "Alex Wilber" },
          requestedAt: 1000,
          expiresAt: 90_000,
          progress: [{ step: "approve", title: "Approve", state: "pending" }],
        },
        { id: "m1", conversation: "c", reference: "{}" },
      );
      expect(created.state).toBe("created");
      const dead = await ledger.claim("dead", 1000, 31_000);
      if (dead === undefined) throw new Error("nothing was due");
      await threads.claimThread("dead", 1000, 31_000);
      expect(await ledger.claim("next", 1001, 31_001)).toBeUndefined();

      await freeLeases(database.db);
      expect(await ledger.claim("next", 1001, 31_001)).toMatchObject({ owner: "next" });
      expect(await threads.claimThread("next", 1001, 31_001)).toMatchObject({ owner: "next" });
      expect(await ledger.intend(dead, "start-run", 1002, 31_002, {})).toBe(false);
      expect(await ledger.renew(dead, 31_002)).toBe(false);
    });
  });
});
