import type { Ledger, NewDeployment } from "../../src/deployment/ledger.ts";
import { planOf } from "../../src/deployment/steps.ts";
import { readAuditRecords } from "../../src/store/audit-records.ts";
import { readCounts } from "../../src/store/counts.ts";
import { createLedger } from "../../src/store/ledger.ts";
import { alex, megan } from "../deployment/fakes.ts";
import { openEmpty, stores, type OpenLedger } from "./open.ts";

const target = { from: "branch" } as const;

describe.each(stores)("what operators read on %s", (store) => {
  let open: OpenLedger;
  let ledger: Ledger;

  beforeEach(async () => {
    open = await openEmpty(store);
    ledger = createLedger(open.database.db);
  });

  afterEach(() => open.close());

  async function create(environment: string, requestedAt: number): Promise<number> {
    const request: NewDeployment = {
      key: `key-${environment}-${requestedAt}`,
      kind: "deploy",
      environment,
      target,
      requester: alex,
      requestedAt,
      expiresAt: 9_000_000,
      progress: planOf({ kind: "deploy", target }),
    };
    const delivery = { id: request.key, conversation: "c", reference: "{}" };
    const created = await ledger.create(request, delivery);
    if (created.state !== "created") throw new Error(`it was ${created.state}`);
    return created.deployment.id;
  }

  test("counts deployments by how they ended, and the work by whether somebody is at it", async () => {
    const { db } = open.database;
    const first = await create("production", 1000);
    await ledger.reject(first, { person: megan, at: 1500 }, "No");
    await create("production", 2000);
    await create("staging", 3000);
    await create("testing", 50_000);
    await ledger.claim("one", 2000, 90_000);
    expect(await readCounts(db, 4000)).toEqual({
      deployments: expect.arrayContaining([
        { environment: "production", kind: "deploy", state: "active", count: 1 },
        { environment: "production", kind: "deploy", state: "rejected", count: 1 },
        { environment: "staging", kind: "deploy", state: "active", count: 1 },
      ]),
      rows: { looking: 1, due: 1, waiting: 1 },
    });
  });

  test("counts nothing in an empty ledger", async () => {
    const nothing = { looking: 0, due: 0, waiting: 0 };
    expect(await readCounts(open.database.db, 4000)).toEqual({ deployments: [], rows: nothing });
  });

  test("P12 reads the trail with who approved, of one environment and time", async () => {
    const id = await create("production", 1000);
    await create("staging", 1000);
    await ledger.approve(id, { person: megan, at: 2000 }, 1);
    const range = { from: 0, to: 3000, environment: "production" };
    const read: unknown[] = [];
    for await (const one of readAuditRecords(open.database.db, range)) read.push(one);
    const approved = { deployment: { id, approvals: [{ person: megan, at: 2000 }] } };
    expect(read).toMatchObject([
      { action: "requested", actor: alex, ...approved },
      { action: "approved", actor: megan, at: 2000, ...approved },
    ]);
    expect(await ledger.listSince("production", 1000, 5)).toMatchObject([approved.deployment]);
    expect(await ledger.listSince("production", 1001, 5)).toEqual([]);
  });
});
