import type { Environment } from "../../src/config/config.ts";
import { createLocks, type LockStore } from "../../src/deployment/locks.ts";
import { may, mayDecide, mayIntervene, withdrawn } from "../../src/deployment/policy.ts";
import type { Groups } from "../../src/deployment/ports.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { approve } from "../../src/deployment/steps/approve.ts";
import {
  adele,
  alex,
  contextOf,
  deploymentAt,
  environment,
  FakeClock,
  fakeLedger,
  megan,
  noGroups,
} from "./fakes.ts";

const operators = "11111111-0000-4000-8000-000000000001";
const proposal = { release: { name: "web" }, liveTag: "production-40655" };
const pending = deploymentAt("approve", { evidence: { proposal } });
const grouped: Environment = {
  ...environment,
  approval: { ...environment.approval, approvers: [`group:${operators}`] },
  override: [`group:${operators}`],
  permissions: {
    deploy: [`group:${operators}`],
    rollback: [alex.id.toUpperCase()],
    lock: [megan.id],
  },
};

/** Operators are these people. */
function groupsOf(...members: readonly { readonly id: string }[]): Groups {
  return {
    hasMember: async (groups, person) =>
      groups.includes(operators) && members.some(({ id }) => id === person),
  };
}

const silent: Groups = {
  hasMember: () =>
    Promise.reject(new ServiceError("entra", "unreachable", "none", "Graph did not answer")),
};

describe("P2 who may do what", () => {
  test("is everybody in the channel, where the configuration names nobody", async () => {
    for (const action of ["deploy", "rollback", "lock", "unlock", "block", "unblock"] as const)
      expect(await may(action, adele, environment, noGroups)).toBe("yes");
  });

  test("is nobody for an override that names nobody, and the approvers for an approval", async () => {
    expect(await may("override", megan, environment, noGroups)).toBe("not-permitted");
    expect(await may("approve", megan, environment, noGroups)).toBe("yes");
    expect(await may("approve", adele, environment, noGroups)).toBe("not-permitted");
  });

  test("is who is named, by the id in any case, or who is in a group that is named", async () => {
    expect(await may("rollback", alex, grouped, silent)).toBe("yes");
    expect(await may("rollback", megan, grouped, silent)).toBe("not-permitted");
    expect(await may("deploy", megan, grouped, groupsOf(megan))).toBe("yes");
    expect(await may("deploy", adele, grouped, groupsOf(megan))).toBe("not-permitted");
    expect(await may("override", megan, grouped, groupsOf(megan))).toBe("yes");
  });

  test("is nobody while the group cannot be looked up", async () => {
    expect(await may("deploy", megan, grouped, silent)).toBe("unchecked");
    expect(await mayDecide(pending, megan, grouped, 1_000_000, silent)).toBe("unchecked");
  });

  test("P1 is never the requester for the approval, whatever group they are in", async () => {
    const all = groupsOf(alex, megan);
    expect(await mayDecide(pending, alex, grouped, 1_000_000, all)).toBe("own-request");
    expect(
      await mayDecide(pending, { ...alex, id: alex.id.toUpperCase() }, grouped, 1_000_000, all),
    ).toBe("own-request");
    expect(await mayDecide(pending, megan, grouped, 1_000_000, all)).toBe("yes");
  });

  test("for cancel and retry is who asked and who approves, or who is named instead", async () => {
    const named = { ...environment, permissions: { cancel: [adele.id] } };
    const of = (one: Environment) => (person: typeof alex) =>
      mayIntervene("cancel", pending, person, one, noGroups);
    expect(await Promise.all([alex, megan, adele].map(of(environment)))).toEqual([
      "yes",
      "yes",
      "not-permitted",
    ]);
    expect(await Promise.all([alex, megan, adele].map(of(named)))).toEqual([
      "yes",
      "not-permitted",
      "yes",
    ]);
  });
});

describe("P2 before anything begins", () => {
  const approved = { ...pending, approvals: [{ person: megan, at: 1_000_000 }] };

  test("omnibot asks once more whether who asked and who approved still may", async () => {
    expect(await withdrawn(approved, grouped, groupsOf(alex, megan))).toBeUndefined();
    expect(await withdrawn(approved, grouped, groupsOf(alex))).toEqual({
      person: megan,
      action: "approve",
    });
    expect(await withdrawn(approved, grouped, groupsOf(megan))).toEqual({
      person: alex,
      action: "deploy",
    });
    const forced = { ...approved, override: { reason: "The pods are burning" } };
    expect(await withdrawn(forced, { ...grouped, override: [] }, groupsOf(alex, megan))).toEqual({
      person: alex,
      action: "override",
    });
  });

  test("and nothing begins on a word that does not count any more", async () => {
    const context = { ...contextOf({ groups: groupsOf(alex) }), environment: grouped };
    expect(await approve.advance(approved, context)).toMatchObject({
      type: "failed",
      code: "permission-withdrawn",
      detail: "Megan Bowen may not approve for production any more.",
    });
    await expect(
      approve.advance(approved, { ...contextOf({ groups: silent }), environment: grouped }),
    ).rejects.toThrow("Graph did not answer");
  });
});

describe("P12 a lock or a block by somebody who may not", () => {
  const refuse = () => Promise.reject(new Error("nothing may be written"));
  const store: LockStore = {
    lock: refuse,
    unlock: refuse,
    findLock: refuse,
    block: refuse,
    findBlock: refuse,
    unblock: refuse,
  };
  const delivery = { id: "1", conversation: "19:x" };
  const asked = {
    environment: undefined,
    reason: "the map",
    duration: undefined,
    person: alex,
    delivery,
  };

  function locksOf(permissions: Environment["permissions"], groups: Groups = noGroups) {
    const { ledger, journal } = fakeLedger();
    const environments = {
      staging: { ...environment, name: "staging" },
      production: { ...environment, permissions },
    };
    const clock = new FakeClock();
    const refused = (actor: typeof alex, action: string, facts: object) =>
      ledger.audit({
        at: clock.now(),
        deploymentId: undefined,
        actor,
        action,
        facts: { ...facts },
      });
    return { journal, locks: createLocks({ store, environments, groups, refused, clock }) };
  }

  test("is refused, and written down", async () => {
    const { locks, journal } = locksOf({ lock: [megan.id], unlock: [megan.id] });
    const at = { ...asked, environment: "production" };
    expect(await locks.lock(at)).toEqual({
      state: "not-permitted",
      action: "lock",
      environment: "production",
    });
    expect(await locks.unlock(at)).toMatchObject({ state: "not-permitted", action: "unlock" });
    expect(journal).toEqual(["audit refused:lock", "audit refused:unlock"]);
  });

  test("is refused where one environment of all does not allow it, or cannot be asked", async () => {
    const { locks, journal } = locksOf(
      { block: [megan.id], unblock: [`group:${operators}`] },
      silent,
    );
    expect(await locks.block({ ...asked, build: 40672 })).toEqual({
      state: "not-permitted",
      action: "block",
      environment: undefined,
    });
    expect(await locks.unblock({ ...asked, build: 40672 })).toMatchObject({ state: "unchecked" });
    expect(journal).toEqual(["audit refused:block", "audit refused:unblock"]);
  });
});
