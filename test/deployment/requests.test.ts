import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Ledger } from "../../src/deployment/ledger.ts";
import {
  holdOf,
  keepsOut,
  type Block,
  type Freeze,
  type Lock,
} from "../../src/deployment/locks.ts";
import { createRequests } from "../../src/deployment/requests.ts";
import {
  adele,
  alex,
  deploymentAt,
  environment,
  FakeClock,
  fakeLedger,
  megan,
  noGroups,
} from "./fakes.ts";

const delivery = { id: "message-1", conversation: "19:x;messageid=1", reference: "{}" };
const proposal = { release: { name: "web" }, liveTag: "production-40655" };
const pending = deploymentAt("approve", { evidence: { proposal } });

interface Kept {
  readonly lock?: Lock;
  readonly block?: Block;
  readonly freeze?: Freeze;
}

function setUp(
  change: Partial<Ledger> = {},
  environments = { production: environment },
  kept: Kept = {},
  groups = noGroups,
) {
  const clock = new FakeClock();
  const { ledger, journal } = fakeLedger(change);
  const hints: string[] = [];
  const requests = createRequests({
    ledger,
    locks: {
      findLock: () => Promise.resolve(kept.lock),
      findBlock: () => Promise.resolve(kept.block),
    },
    freezeAt: () => kept.freeze,
    environments,
    groups,
    clock,
    hint: () => void hints.push("hint"),
  });
  return { requests, clock, journal, hints };
}

describe("a request", () => {
  test("is written with its plan, and the engine is told", async () => {
    const written: unknown[] = [];
    const { requests, hints } = setUp({
      create: (request) => {
        written.push(request);
        return Promise.resolve({ state: "created", deployment: pending });
      },
    });
    const asked = {
      kind: "deploy",
      environment: "production",
      build: undefined,
      requester: alex,
      delivery,
    } as const;
    expect(await requests.request(asked)).toMatchObject({ state: "created" });
    expect(written).toMatchObject([
      { environment: "production", target: { from: "branch" }, expiresAt: 4_600_000 },
    ]);
    expect(hints).toEqual(["hint"]);
  });

  test("P7 for a build that was live takes along what it was proven as", async () => {
    const written: unknown[] = [];
    const live = deploymentAt("check-health", {
      state: "live",
      target: { from: "build", build: 40672 },
    });
    const { requests } = setUp({
      list: () => Promise.resolve([live]),
      create: (request) => {
        written.push(request.target);
        return Promise.resolve({ state: "created", deployment: pending });
      },
    });
    const asked = { environment: "production", requester: alex, delivery } as const;
    await requests.request({ ...asked, kind: "rollback", build: 40672 });
    await requests.request({ ...asked, kind: "rollback", build: 40641 });
    const { digest } = live.evidence.image ?? {};
    expect(written).toEqual([
      { from: "build", build: 40672, digest },
      { from: "build", build: 40641 },
    ]);
  });

  test("may leave out the environment where there is one", async () => {
    const create: Ledger["create"] = () =>
      Promise.resolve({ state: "created", deployment: pending });
    const asked = {
      kind: "deploy",
      environment: undefined,
      build: undefined,
      requester: alex,
      delivery,
    } as const;
    expect(await setUp({ create }).requests.request(asked)).toMatchObject({ state: "created" });
    const two = { production: environment, staging: { ...environment, name: "staging" } };
    expect(await setUp({ create }, two).requests.request(asked)).toEqual({
      state: "which-environment",
      known: ["production", "staging"],
    });
  });

  test.each(["prod", "__proto__", "constructor"])(
    "for %s is refused with the known ones",
    async (name) => {
      const asked = {
        kind: "deploy",
        environment: name,
        build: undefined,
        requester: alex,
        delivery,
      } as const;
      expect(await setUp().requests.request(asked)).toEqual({
        state: "unknown-environment",
        known: ["production"],
      });
    },
  );
});

describe("a decision", () => {
  const click = {
    deploymentId: 128,
    decision: "approve" as const,
    reason: "",
    conversation: delivery.conversation,
  };
  const found = (deployment: Deployment): Partial<Ledger> => ({
    get: () => Promise.resolve(deployment),
    approve: (_, approval) => Promise.resolve({ ...deployment, approvals: [approval] }),
    reject: () => Promise.resolve({ ...deployment, state: "rejected" }),
  });

  test("by an approver counts", async () => {
    expect(await setUp(found(pending)).requests.decide({ ...click, person: megan })).toMatchObject({
      state: "approved",
    });
    const two = {
      production: { ...environment, approval: { ...environment.approval, required: 2 } },
    };
    expect(
      await setUp(found(pending), two).requests.decide({ ...click, person: megan }),
    ).toMatchObject({ state: "counted" });
  });

  test("P1 the requester's own is refused, although they may approve others', in any spelling of the id", async () => {
    const { requests, journal } = setUp(found(pending));
    expect(await requests.decide({ ...click, person: alex })).toMatchObject({
      state: "own-request",
    });
    const shouting = { id: alex.id.toUpperCase(), name: "Somebody Else" };
    expect(await requests.decide({ ...click, person: shouting })).toMatchObject({
      state: "own-request",
    });
    expect(journal).toEqual(["audit refused:approve", "audit refused:approve"]);
  });

  test("P2 of somebody who is no approver is refused, and the trail says so", async () => {
    const { requests, journal } = setUp(found(pending));
    expect(await requests.decide({ ...click, person: adele })).toMatchObject({
      state: "not-permitted",
    });
    expect(journal).toEqual(["audit refused:approve"]);
  });

  test("P2 from another thread is refused", async () => {
    const { requests } = setUp({ ...found(pending), isThread: () => Promise.resolve(false) });
    expect(await requests.decide({ ...click, person: megan })).toEqual({ state: "unknown" });
  });

  test("P7 before anybody can know what would ship is refused", async () => {
    const blind = deploymentAt("approve");
    expect(await setUp(found(blind)).requests.decide({ ...click, person: megan })).toMatchObject({
      state: "not-open",
    });
  });

  test("P3 after the decision changes nothing", async () => {
    const building = deploymentAt("build");
    expect(await setUp(found(building)).requests.decide({ ...click, person: megan })).toMatchObject(
      { state: "already-decided" },
    );
    const lost = { ...found(pending), approve: () => Promise.resolve(undefined) };
    expect(await setUp(lost).requests.decide({ ...click, person: megan })).toMatchObject({
      state: "already-decided",
    });
  });

  test("P15 after the expiry is refused, even before the row says so", async () => {
    const { requests, clock } = setUp(found(pending));
    clock.time = pending.expiresAt;
    expect(await requests.decide({ ...click, person: megan })).toMatchObject({ state: "expired" });
  });

  test("of a deployment that nobody knows is answered", async () => {
    const { requests } = setUp({ get: () => Promise.resolve(undefined) });
    expect(await requests.decide({ ...click, person: megan })).toEqual({ state: "unknown" });
  });

  test("rejects with a reason", async () => {
    const { requests } = setUp(found(pending));
    expect(
      await requests.decide({ ...click, decision: "reject", reason: "not today", person: megan }),
    ).toMatchObject({
      state: "rejected",
    });
  });
});

describe("P6 what keeps an environment", () => {
  const lock: Lock = {
    environment: "production",
    owner: megan,
    reason: "The map is wrong",
    since: 900_000,
  };
  const freeze: Freeze = { reason: "Weekend", until: 9_000_000 };
  const created: Ledger["create"] = () =>
    Promise.resolve({ state: "created", deployment: pending });
  const deploy = {
    kind: "deploy",
    environment: undefined,
    build: undefined,
    requester: alex,
    delivery,
  } as const;
  const approve = {
    deploymentId: 128,
    decision: "approve",
    reason: "",
    person: megan,
    conversation: delivery.conversation,
  } as const;
  const asked = (deployment: Deployment, kept: Kept) => {
    const change = { get: () => Promise.resolve(deployment) };
    return setUp(change, { production: environment }, kept).requests.decide(approve);
  };

  test("is asked again when somebody approves: who asked before it does not slip past", async () => {
    const held = { ...lock, owner: adele };
    expect(await asked(pending, { lock: held })).toMatchObject({
      state: "kept-out",
      barrier: { state: "locked", lock: held },
    });
    expect(await asked(pending, { freeze })).toMatchObject({
      state: "kept-out",
      barrier: { state: "frozen" },
    });
    const build = { ...pending, target: { from: "build", build: 40672 } } as const;
    const block = { build: 40672, by: adele, reason: "Broken tiles", since: 1 };
    expect(await asked(build, { block })).toMatchObject({
      state: "kept-out",
      barrier: { state: "blocked" },
    });
  });

  test("a freeze refuses a deployment with the time of its end, and lets a rollback through", async () => {
    const frozen = setUp({ create: created }, { production: environment }, { freeze });
    expect(await frozen.requests.request(deploy)).toEqual({
      state: "frozen",
      environment: "production",
      freeze,
    });
    expect(frozen.journal).toEqual(["audit refused:request"]);
    const rollback = { ...deploy, kind: "rollback", build: 40655 } as const;
    expect(await frozen.requests.request(rollback)).toMatchObject({ state: "created" });
  });

  test("only who is named goes past it, and that is written with the request", async () => {
    const override = "The pods are burning";
    const other = setUp({ create: created }, { production: environment }, { freeze });
    expect(await other.requests.request({ ...deploy, override })).toEqual({
      state: "not-permitted",
      action: "override",
      environment: "production",
    });
    const written: unknown[] = [];
    const create: Ledger["create"] = (request) => {
      written.push(request);
      return Promise.resolve({ state: "created", deployment: pending });
    };
    const named = { production: { ...environment, override: [alex.id.toUpperCase()] } };
    const { requests } = setUp({ create }, named, { freeze });
    expect(await requests.request({ ...deploy, override })).toMatchObject({ state: "created" });
    expect(written).toMatchObject([{ override: { reason: override } }]);
  });

  test("is passed by a deployment that was allowed to, also when it is approved", async () => {
    const past = { ...pending, override: { reason: "The pods are burning" } };
    const change = {
      get: () => Promise.resolve(past),
      approve: () => Promise.resolve({ ...past, approvals: [{ person: megan, at: 1 }] }),
    };
    const { requests } = setUp(change, { production: environment }, { freeze });
    expect(await requests.decide(approve)).toMatchObject({ state: "approved" });
  });
});

describe("P11 the hold of a rollback", () => {
  const hold: Lock = {
    environment: "production",
    owner: alex,
    reason: "Rolled back",
    since: 1,
    rollback: 127,
  };

  test("keeps every deployment out, its own requester's too, and lets another rollback through", () => {
    for (const requester of [alex, megan])
      expect(keepsOut(hold, { kind: "deploy", requester })).toBe(true);
    expect(keepsOut(hold, { kind: "rollback", requester: megan })).toBe(false);
  });

  test("begins with the merge of a rollback, and with nothing else", () => {
    const merged = deploymentAt("sync", { kind: "rollback", target: { from: "build", build: 1 } });
    expect(holdOf(merged, "merge-change", 7)).toMatchObject({
      environment: "production",
      rollback: 128,
      since: 7,
      reason: expect.stringContaining("Rolled back from production-40655"),
    });
    expect(holdOf(merged, "sync", 7)).toBeUndefined();
    expect(holdOf(deploymentAt("sync"), "merge-change", 7)).toBeUndefined();
  });
});
