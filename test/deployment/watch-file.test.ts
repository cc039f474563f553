import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Mark, Noticed } from "../../src/deployment/ledger.ts";
import { ServiceError } from "../../src/deployment/service-error.ts";
import { createFileWatch } from "../../src/deployment/watch-file.ts";
import { deploymentAt, environment, FakeClock, fakeLedger, fakeWorld } from "./fakes.ts";

const place =
  "omnispatial/gitops main clusters/operations/production/helm-release.yaml spec.values.image.tag";
const diegos = { id: "d".repeat(40), author: "diego", message: "By hand" };
const channel = { conversation: "19:channel@thread.tacv2", reference: "{}" };

interface Stage {
  readonly mark?: Mark;
  readonly commit?: { readonly id: string; readonly author: string; readonly message: string };
  readonly recent?: readonly Deployment[];
  readonly speechless?: boolean;
  /** Another process moves the mark while this one looks. */
  readonly lost?: boolean;
  readonly dueAt?: number;
}

function stageOf(stage: Stage) {
  const clock = new FakeClock();
  const moved: { to: Mark; noticed: Noticed | undefined }[] = [];
  const woken: number[] = [];
  let asked = 0;
  const { ledger } = fakeLedger({
    beginWatch: (_, __, until) =>
      Promise.resolve(
        stage.dueAt === undefined
          ? { state: "yours", mark: stage.mark }
          : { state: "later", at: Math.min(stage.dueAt, until) },
      ),
    moveMark: (_, __, to, noticed) => {
      if (stage.lost === true) return Promise.resolve(false);
      moved.push({ to, noticed });
      return Promise.resolve(true);
    },
    list: () => Promise.resolve(stage.recent ?? []),
    wake: (id) => Promise.resolve(void woken.push(id)),
  });
  const { id, author, message } = stage.commit ?? diegos;
  const world = fakeWorld({
    gitops: {
      readFileCommits: () => {
        asked += 1;
        return Promise.resolve([
          { commit: { id, author, message, url: `https://github.com/commit/${id}` }, at: 900_000 },
          { commit: { id: "a".repeat(40), author: "omnibot[bot]", message: "" }, at: 1000 },
        ]);
      },
      readTagAt: (commit) =>
        Promise.resolve({
          state: "read",
          tag: commit === id ? "production-40612" : "production-40655",
          release: { name: "web" },
        }),
    },
  });
  let hints = 0;
  const watch = createFileWatch({
    ledger,
    environments: { production: environment },
    worldOf: () => world,
    placeOf: () => Promise.resolve(stage.speechless === true ? undefined : channel),
    clock,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    hint: () => (hints += 1),
  });
  return {
    look: () => watch.look(environment),
    moved,
    woken,
    hints: () => hints,
    asked: () => asked,
  };
}

const mark = { place, commit: "a".repeat(40), tag: "production-40655" };

describe("P17 the watch of a file", () => {
  test("writes a change by hand down together with the mark: told once, with who and what", async () => {
    const stage = stageOf({ mark });
    expect(await stage.look()).toBe(60_000);
    expect(stage.moved).toHaveLength(1);
    expect(stage.moved[0]).toMatchObject({
      to: { place, commit: diegos.id, tag: "production-40612" },
      noticed: {
        place: channel,
        deployment: {
          kind: "observed",
          environment: "production",
          requester: { name: "diego" },
          evidence: { edit: { from: "production-40655", to: "production-40612" } },
        },
      },
    });
    const steps = stage.moved[0]?.noticed?.deployment.progress.map((one) => one.step);
    expect(steps).toEqual(["observe", "verify-image", "sync", "roll-out", "check-health"]);
    expect(stage.hints()).toBe(1);
  });

  test("takes the first look at a file as where it begins", async () => {
    const stage = stageOf({});
    await stage.look();
    expect(stage.moved).toEqual([
      { to: { place, commit: diegos.id, tag: "production-40612" }, noticed: undefined },
    ]);
  });

  test("begins anew where the configuration names another file", async () => {
    const stage = stageOf({ mark: { ...mark, place: "omnispatial/gitops main old.yaml tag" } });
    await stage.look();
    expect(stage.moved.map(({ noticed }) => noticed)).toEqual([undefined]);
  });

  test("asks for nothing more while the newest commit is the known one", async () => {
    const stage = stageOf({ mark: { ...mark, commit: diegos.id } });
    await stage.look();
    expect(stage.moved).toEqual([]);
  });

  const ours = deploymentAt("sync");
  const merge = { commit: diegos.id, url: "https://github.com/commit/d" };

  test.each([
    ["merged, whatever became of it", { ...ours, state: "failed" as const, evidence: { merge } }],
    [
      "merged, where the file's history shows the branch's own commit",
      {
        ...ours,
        state: "live" as const,
        evidence: { change: { ...deploymentAt("sync").evidence.change, head: diegos.id } },
      } as Deployment,
    ],
  ])("never reports what omnibot %s", async (_, row) => {
    const stage = stageOf({ mark, recent: [row] });
    await stage.look();
    expect(stage.moved.map(({ noticed }) => noticed)).toEqual([undefined]);
  });

  test("never reports what omnibot is merging at this moment", async () => {
    const merging = deploymentAt("merge-change");
    const commit = { ...diegos, message: `Deploy\n\nOmnibot-Deployment: ${merging.key}` };
    const stage = stageOf({ mark, recent: [merging], commit });
    await stage.look();
    expect(stage.moved.map(({ noticed }) => noticed)).toEqual([undefined]);
  });

  test("reports a merge by hand of what omnibot had given up", async () => {
    const failed = deploymentAt("merge-change", { state: "failed" });
    const commit = { ...diegos, message: `Deploy\n\nOmnibot-Deployment: ${failed.key}` };
    const stage = stageOf({ mark, recent: [failed], commit });
    await stage.look();
    expect(stage.moved[0]?.noticed?.deployment.kind).toBe("observed");
  });

  test("wakes the deployment that is overtaken, so that it says so", async () => {
    const active = deploymentAt("sync", { id: 7 });
    const stage = stageOf({
      mark,
      recent: [active, deploymentAt("sync", { id: 6, state: "live" })],
    });
    await stage.look();
    expect(stage.woken).toEqual([7]);
  });

  test("of several replicas one looks at a time, and the others know when the next look is due", async () => {
    const stage = stageOf({ mark, dueAt: 1_020_000 });
    expect(await stage.look()).toBe(20_000);
    expect(stage.asked()).toBe(0);
  });

  test("leaves a change to whoever noticed it first", async () => {
    const stage = stageOf({ mark, lost: true });
    await stage.look();
    expect(stage.hints()).toBe(0);
  });

  test("keeps a change for later while omnibot knows no channel to tell it in", async () => {
    const stage = stageOf({ mark, speechless: true });
    await stage.look();
    expect(stage.moved).toEqual([]);
  });

  test("goes on after GitHub did not answer", async () => {
    const warned: string[] = [];
    let asked = 0;
    const { ledger } = fakeLedger({
      beginWatch: () => Promise.resolve({ state: "yours", mark }),
    });
    const ending = new AbortController();
    const watch = createFileWatch({
      ledger,
      environments: { production: { ...environment, gitops: { ...environment.gitops, poll: 1 } } },
      worldOf: () =>
        fakeWorld({
          gitops: {
            readFileCommits: () => {
              asked += 1;
              if (asked === 2) ending.abort();
              return Promise.reject(
                new ServiceError("github", "unreachable", "none", "GitHub did not answer"),
              );
            },
          },
        }),
      placeOf: () => Promise.resolve(channel),
      clock: new FakeClock(),
      log: { info: () => {}, warn: (_, words) => void warned.push(words), error: () => {} },
      hint: () => {},
    });
    await watch.run(ending.signal);
    expect(asked).toBe(2);
    expect(warned).toEqual(["the file could not be watched", "the file could not be watched"]);
  });
});
