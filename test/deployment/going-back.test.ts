import { createGoingBack } from "../../src/deployment/going-back.ts";
import type { Ledger } from "../../src/deployment/ledger.ts";
import type { DeploymentRequest, RequestAnswer } from "../../src/deployment/requests.ts";
import {
  adele,
  deploymentAt,
  digest,
  environment,
  FakeClock,
  fakeLedger,
  megan,
  noGroups,
} from "./fakes.ts";

const delivery = { id: "click-1", conversation: "19:x;messageid=1", reference: "{}" };
const proposal = { release: { name: "web" }, liveTag: "production-40655" };
const pending = deploymentAt("approve", { evidence: { proposal } });

function setUp(change: Partial<Ledger> = {}) {
  const hints: string[] = [];
  const requested: DeploymentRequest[] = [];
  const answer: RequestAnswer = { state: "created", deployment: pending };
  const back = createGoingBack({
    ledger: fakeLedger(change).ledger,
    groups: noGroups,
    environments: { production: environment },
    request: (asked) => {
      requested.push(asked);
      return Promise.resolve(answer);
    },
    clock: new FakeClock(),
    hint: () => void hints.push("hint"),
  });
  return { back, hints, requested, answer };
}

describe("the way back from a failed deployment", () => {
  const wayBack = { build: 40655, tag: "production-40655" };
  const failure = { code: "crash-loop", step: "roll-out", detail: "", wayBack };
  const broken = deploymentAt("roll-out", { state: "failed", failure });
  const rollback = deploymentAt("approve", {
    id: 129,
    kind: "rollback",
    target: { from: "build", build: 40655 },
  });
  const asked = { deploymentId: 128, requester: megan, delivery };
  const known: Partial<Ledger> = {
    get: (id) => Promise.resolve([broken, rollback].find((one) => one.id === id)),
    list: () => Promise.resolve([broken]),
  };

  test("is a request like any other, by whom pressed the button, in the same thread", async () => {
    const written: unknown[] = [];
    const { back, hints } = setUp({
      ...known,
      create: (...given) => {
        written.push(...given);
        return Promise.resolve({ state: "created", deployment: rollback });
      },
    });
    expect(await back.goBack(asked)).toEqual({ state: "created", deployment: rollback });
    expect(written).toMatchObject([
      { kind: "rollback", target: { from: "build", build: 40655 }, requester: megan, undoes: 128 },
      delivery,
    ]);
    expect(hints).toEqual(["hint"]);
  });

  test("is asked for once, however often the button is pressed", async () => {
    const marked = { ...broken, failure: { ...failure, wayBack: { ...wayBack, asked: 129 } } };
    const { back } = setUp({
      ...known,
      get: (id) => Promise.resolve(id === 128 ? marked : rollback),
    });
    expect(await back.goBack(asked)).toEqual({ state: "asked", deployment: rollback });
    const race = setUp({
      ...known,
      create: () => Promise.resolve({ state: "busy", deployment: rollback }),
    });
    expect(await race.back.goBack(asked)).toEqual({ state: "asked", deployment: rollback });
  });

  test("waits for whatever is under way", async () => {
    const { back } = setUp({
      ...known,
      create: () => Promise.resolve({ state: "busy", deployment: pending }),
    });
    expect(await back.goBack(asked)).toEqual({ state: "busy", deployment: pending });
  });

  test("is not taken from what was overtaken since", async () => {
    const later = { ...deploymentAt("check-health"), id: 130, state: "live" as const };
    const { back } = setUp({ ...known, list: () => Promise.resolve([later, broken]) });
    expect(await back.goBack(asked)).toEqual({ state: "overtaken", deployment: later });
  });

  test.each<[string, Partial<Ledger>]>([
    ["of a deployment that nobody knows", { get: () => Promise.resolve(undefined) }],
    ["of one that did not fail", { get: () => Promise.resolve(pending) }],
    ["from another thread", { isThread: () => Promise.resolve(false) }],
  ])("P2 is refused %s, whatever the card says", async (_, change) => {
    const { back } = setUp({ ...known, ...change });
    expect(await back.goBack(asked)).toEqual({ state: "unknown" });
  });

  test("P6 is kept out by somebody's lock, which is said", async () => {
    const owner = adele;
    const lock = { environment: "production", owner, reason: "I look at it", since: 1 };
    const create: Ledger["create"] = () => Promise.resolve({ state: "locked", lock });
    const { back } = setUp({ ...known, create });
    expect(await back.goBack(asked)).toMatchObject({
      state: "kept-out",
      barrier: { state: "locked", lock },
    });
  });
});

describe("the choice of a build that ran well", () => {
  const live = deploymentAt("check-health", { id: 112, state: "live" });
  const asked = { deploymentId: 112, requester: megan, delivery };

  test("P7 is a request like one that is written, bound to the image that ran well", async () => {
    const { back, requested, answer } = setUp({ get: () => Promise.resolve(live) });
    expect(await back.choose(asked)).toEqual(answer);
    expect(requested).toEqual([
      {
        kind: "rollback",
        environment: "production",
        build: 40_672,
        digest,
        requester: megan,
        delivery,
      },
    ]);
  });

  test.each([
    ["a deployment that nobody knows", undefined],
    ["one that never ran well", deploymentAt("check-health", { state: "failed" })],
    ["one of an environment that is not configured any more", { ...live, environment: "moon" }],
  ])("P2 is refused where it names %s, whatever the card says", async (_, found) => {
    const { back, requested } = setUp({ get: () => Promise.resolve(found) });
    expect(await back.choose(asked)).toEqual({ state: "unknown" });
    expect(requested).toEqual([]);
  });
});
