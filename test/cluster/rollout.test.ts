import { event } from "../../src/cluster/objects.ts";
import { decideRollout, findTroubled } from "../../src/cluster/rollout.ts";
import {
  ago,
  daemonSet,
  decide,
  deployment,
  digest,
  job,
  now,
  oldPod,
  pod,
  replicaSet,
  repository,
  rollout,
  setPod,
  statefulSet,
} from "./rollout-states.ts";

const three = [pod("web-2-a"), pod("web-2-b"), pod("web-2-c")];
const rolling = { status: { updatedReplicas: 2, replicas: 3, conditions: [] } };

describe("A Deployment", () => {
  test("P10 is ready when its controller says so and every new pod proves the image", () => {
    expect(decide({ deployments: [deployment()], pods: three })).toEqual({
      state: "ready",
      pods: 3,
      digest,
      running: ["web-2-a", "web-2-b", "web-2-c"].map((name) => ({
        workload: "Deployment web",
        pod: name,
        digest,
      })),
    });
  });

  test("P10 is not ready while its status is of the generation before", () => {
    const stale = deployment(undefined, { status: { observedGeneration: 1 } });
    expect(decide({ deployments: [stale], pods: three }).state).toBe("progressing");
  });

  test("P10 is not ready while its newest ReplicaSet has other images than its template", () => {
    const only = [replicaSet(1)];
    const lagging = deployment();
    const pods = [oldPod("web-1-a"), oldPod("web-1-b"), oldPod("web-1-c")];
    expect(decide({ deployments: [lagging], replicaSets: only, pods }).state).toBe("progressing");
  });

  test("P10 is not ready while a pod that it counts is not", () => {
    const pods = [...three.slice(1), pod("web-2-x", { ready: false })];
    expect(decide({ deployments: [deployment()], pods })).toMatchObject({
      state: "progressing",
      podsReady: 2,
      sentence: "2 of 3 ready on 40672; web-2-x: container web is not ready",
    });
  });

  test("tells how many run the new and the old", () => {
    const pods = [...three.slice(1), oldPod("web-1-a")];
    expect(decide({ deployments: [deployment(undefined, rolling)], pods })).toEqual({
      state: "progressing",
      pods: 3,
      podsReady: 2,
      sentence: "2 of 3 ready on 40672, 1 of 3 still on 40655",
      carried: true,
      oldTag: "production-40655",
    });
  });

  test("P7 a pod with a digest that is not the registry's fails the rollout", () => {
    const other = `sha256:${"f".repeat(64)}`;
    expect(decide({ deployments: [deployment()], pods: three }, [other])).toMatchObject({
      state: "failed",
      code: "digest-mismatch",
      detail: "web-2-a runs sha256:dddddddddddd…, the registry has sha256:ffffffffffff….",
    });
  });

  test("P7 a pod that reports no digest proves nothing", () => {
    const pods = [...three.slice(1), pod("web-2-x", { web: { imageID: "" } })];
    expect(decide({ deployments: [deployment()], pods }).state).toBe("progressing");
  });

  test("scaled to zero is ready, and no pod proves the image", () => {
    const none = deployment(undefined, {
      spec: { replicas: 0 },
      status: { replicas: 0, updatedReplicas: 0, availableReplicas: 0 },
    });
    expect(decide({ deployments: [none] })).toEqual({
      state: "ready",
      pods: 0,
      digest: undefined,
      running: [],
    });
  });

  test("with another tag is never judged by its pods", () => {
    const pods = [pod("web-1-a", { owner: "rs1", tag: "production-40655", ready: false })];
    const old = deployment("production-40655");
    expect(decide({ deployments: [old], pods }).state).toBe("progressing");
  });

  test("that is paused will not roll out, unless it has", () => {
    const spec = { paused: true };
    const paused = deployment(undefined, { spec, status: { updatedReplicas: 0 } });
    expect(decide({ deployments: [paused], replicaSets: [replicaSet(1)] })).toMatchObject({
      code: "rollout-paused",
    });
    expect(decide({ deployments: [deployment(undefined, { spec })], pods: three }).state).toBe(
      "ready",
    );
  });

  test("past its deadline is stalled, with what its pod says, and may heal yet", () => {
    const message = 'ReplicaSet "web-2" has timed out progressing.';
    const late = deployment(undefined, {
      status: {
        updatedReplicas: 1,
        conditions: [
          { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message },
        ],
      },
    });
    expect(decide({ deployments: [late], pods: [pod("web-2-a", { ready: false })] })).toEqual({
      state: "failed",
      code: "rollout-stalled",
      detail: `Deployment web: ${message} web-2-a: container web is not ready`,
      patience: 60_000,
    });
  });

  test("is not stalled by the deadline of an earlier rollout", () => {
    const message = 'ReplicaSet "web-1" has timed out progressing.';
    const late = deployment(undefined, {
      status: {
        updatedReplicas: 1,
        conditions: [
          { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message },
        ],
      },
    });
    expect(decide({ deployments: [late], pods: [pod("web-2-a", { ready: false })] }).state).toBe(
      "progressing",
    );
  });

  describe("whose pods may not be created", () => {
    const refused = (seconds: number) =>
      replicaSet(2, {
        conditions: [
          {
            type: "ReplicaFailure",
            status: "True",
            reason: "FailedCreate",
            message: "exceeded quota",
            lastTransitionTime: ago(seconds),
          },
        ],
      });
    const waiting = deployment(undefined, { status: { updatedReplicas: 0, conditions: [] } });

    test("is given a moment", () => {
      expect(decide({ deployments: [waiting], replicaSets: [refused(3)] })).toMatchObject({
        state: "progressing",
        sentence: "0 of 3 ready on 40672; suspicion: Deployment web: exceeded quota.",
        suspicion: { code: "quota-exceeded", detail: "Deployment web: exceeded quota." },
      });
    });

    test("fails after it", () => {
      expect(decide({ deployments: [waiting], replicaSets: [refused(20)] })).toMatchObject({
        code: "quota-exceeded",
        detail: "Deployment web: exceeded quota.",
      });
    });

    test("by a policy is another cause, by a webhook that does not answer worth a minute", () => {
      const because = (message: string, seconds: number) => {
        const found = refused(seconds);
        const conditions = found.status.conditions.map((one) => ({ ...one, message }));
        return { deployments: [waiting], replicaSets: [{ ...found, status: { conditions } }] };
      };
      const policy = 'admission webhook "validate.policy" denied the request: no root';
      expect(decide(because(policy, 20))).toMatchObject({ code: "pods-not-created" });
      const silent = 'failed calling webhook "validate.policy": connect: connection refused';
      expect(decide(because(silent, 20))).toMatchObject({ state: "progressing" });
      expect(decide(because(silent, 61))).toMatchObject({ code: "pods-not-created" });
    });

    test("waits for old pods that end, since those count for a quota, too", () => {
      const ending = pod("web-1-a", { owner: "rs1", metadata: { deletionTimestamp: ago(10) } });
      const replicaSets = [replicaSet(1), refused(20)];
      expect(decide({ deployments: [waiting], replicaSets, pods: [ending] }).state).toBe(
        "progressing",
      );
    });
  });
});

describe("A StatefulSet", () => {
  test("is ready when every pod is of the new revision", () => {
    const pods = [setPod("worker-0", "r2"), setPod("worker-1", "r2")];
    expect(decide({ statefulSets: [statefulSet()], pods })).toMatchObject({
      state: "ready",
      pods: 2,
    });
  });

  test("is held up by the first pod that is not ready", () => {
    const sets = [statefulSet({ status: { updatedReplicas: 1, readyReplicas: 1 } })];
    const pods = [setPod("worker-0", "r1"), setPod("worker-1", "r2", { ready: false })];
    expect(decide({ statefulSets: sets, pods })).toMatchObject({
      state: "progressing",
      sentence:
        "0 of 2 ready on 40672, 1 of 2 still on 40655; worker-1: container web is not ready",
    });
  });

  test("is stalled after ten minutes, for it knows no deadline of its own", () => {
    const sets = [statefulSet({ status: { updatedReplicas: 1, readyReplicas: 1 } })];
    const conditions = [{ type: "Ready", status: "False", lastTransitionTime: ago(601) }];
    const pods = [setPod("worker-1", "r2", { ready: false, status: { conditions } })];
    expect(decide({ statefulSets: sets, pods })).toMatchObject({
      code: "statefulset-blocked",
      patience: 60_000,
    });
  });

  test("with a partition updates only the pods above it", () => {
    const spec = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } };
    const sets = [statefulSet({ spec, status: { updatedReplicas: 1 } })];
    const pods = [setPod("worker-0", "r1"), setPod("worker-1", "r2")];
    expect(decide({ statefulSets: sets, pods })).toMatchObject({ state: "ready", pods: 1 });
  });

  test("whose pods may not be created tells it by events only", () => {
    const events = [
      event.parse({
        metadata: { name: "e" },
        type: "Warning",
        reason: "FailedCreate",
        message: "forbidden: exceeded quota",
        involvedObject: { uid: "s" },
        firstTimestamp: ago(40),
        lastTimestamp: ago(5),
      }),
    ];
    const sets = [statefulSet({ status: { updatedReplicas: 0, readyReplicas: 1, replicas: 1 } })];
    expect(decide({ statefulSets: sets, pods: [setPod("worker-0", "r1")], events })).toMatchObject({
      code: "quota-exceeded",
      detail: "StatefulSet worker: forbidden: exceeded quota",
    });
  });

  test("that is updated by hand says so", () => {
    const sets = [
      statefulSet({
        spec: { updateStrategy: { type: "OnDelete" } },
        status: { updatedReplicas: 0 },
      }),
    ];
    expect(decide({ statefulSets: sets, pods: [setPod("worker-0", "r1")] })).toMatchObject({
      sentence:
        "0 of 2 ready on 40672, 1 of 2 still on 40655; StatefulSet worker replaces a pod only when somebody deletes it (OnDelete)",
    });
  });
});

describe("A DaemonSet", () => {
  const on = (name: string, generation: string, tag?: string) =>
    pod(name, {
      owner: "ds",
      labels: { "pod-template-generation": generation },
      ...(tag === undefined ? {} : { tag }),
    });

  test("is ready when every node runs the new pod", () => {
    const pods = [on("agent-a", "2"), on("agent-b", "2")];
    expect(decide({ daemonSets: [daemonSet()], pods })).toMatchObject({ state: "ready", pods: 2 });
  });

  test("goes on from node to node", () => {
    const pods = [on("agent-a", "2"), on("agent-b", "1", "production-40655")];
    const sets = [daemonSet({ updatedNumberScheduled: 1 })];
    expect(decide({ daemonSets: sets, pods })).toMatchObject({
      sentence: "1 of 2 ready on 40672, 1 of 2 still on 40655",
    });
  });
});

describe("A Job", () => {
  const failing = { ready: false, web: { state: { terminated: { exitCode: 3 } } } };
  const jobPod = (fields: object) => pod("migrate-x", { owner: "j", ...fields });

  test("is waited for until it is complete", () => {
    expect(decide({ jobs: [job({})], pods: [jobPod({})] })).toMatchObject({
      state: "progressing",
      sentence: "0 of 0 ready on 40672; Job migrate runs",
    });
    const ended = jobPod({ ready: false, status: { phase: "Succeeded" } });
    const jobs = [job({ conditions: [{ type: "Complete", status: "True" }] })];
    expect(decide({ deployments: [deployment()], jobs, pods: [...three, ended] })).toMatchObject({
      state: "ready",
      pods: 3,
    });
  });

  test("starts its pods anew: a crash is a suspicion until it gives up", () => {
    const web = { restartCount: 3, state: { waiting: { reason: "CrashLoopBackOff" } } };
    expect(decide({ jobs: [job({})], pods: [jobPod({ ready: false, web })] })).toMatchObject({
      state: "progressing",
      suspicion: { code: "crash-loop" },
    });
    const pods = [
      jobPod({
        ...failing,
        status: {
          phase: "Failed",
          containerStatuses: [
            { name: "web", state: { terminated: { exitCode: 3, reason: "Error" } } },
          ],
        },
      }),
    ];
    const message = "Job has reached the specified backoff limit";
    const jobs = [job({ conditions: [{ type: "Failed", status: "True", message }] })];
    expect(decide({ jobs, pods })).toMatchObject({
      code: "job-failed",
      detail: `Job migrate: ${message}.`,
    });
    expect(
      findTroubled(rollout({ jobs, pods }), { repository, tag: "production-40672", digests: [] }),
    ).toMatchObject({ container: "web" });
  });

  test("of an earlier release is nobody's business", () => {
    const jobs = [job({ conditions: [{ type: "Failed", status: "True" }] }, "production-40655")];
    expect(decide({ deployments: [deployment()], jobs, pods: three }).state).toBe("ready");
  });

  test("of an earlier try of the same tag is not held against this one", () => {
    const status = { conditions: [{ type: "Failed", status: "True" }] };
    const wanted = { repository, tag: "production-40672", digests: [digest], since: now };
    const madeAt = (time: number) =>
      decideRollout(
        rollout({
          deployments: [deployment()],
          jobs: [
            { ...job(status), metadata: { ...job(status).metadata, creationTimestamp: time } },
          ],
          pods: three,
        }),
        wanted,
      );
    expect(madeAt(now - 3_600_000).state).toBe("ready");
    expect(madeAt(now + 5000)).toMatchObject({ code: "job-failed" });
  });
});

describe("The workloads of a release", () => {
  test("one that was given another tag by hand is superseded, one that Helm rolled back is not", () => {
    const since = now - 60_000;
    const wanted = { repository, tag: "production-40672", digests: [digest], since };
    const set = (revision: 1 | 2, seconds: number, own: string) => {
      const found = replicaSet(revision);
      const annotations = { "deployment.kubernetes.io/revision": own };
      const metadata = { ...found.metadata, annotations, creationTimestamp: now - seconds * 1000 };
      return { ...found, metadata };
    };
    const other = {
      ...deployment("production-40655"),
      metadata: {
        ...deployment().metadata,
        annotations: { "deployment.kubernetes.io/revision": "3" },
      },
    };
    const after = (seconds: number) =>
      decideRollout(
        rollout({ deployments: [other], replicaSets: [set(2, 50, "2"), set(1, seconds, "3")] }),
        wanted,
      );
    expect(after(20)).toMatchObject({
      code: "superseded",
      detail: "Deployment web carries production-40655 now.",
    });
    expect(after(86_400)).toMatchObject({ state: "progressing", carried: false });
  });

  test("P10 are all waited for", () => {
    const pods = [...three, setPod("worker-0", "r1")];
    const sets = [statefulSet({ status: { updatedReplicas: 0 } })];
    expect(decide({ deployments: [deployment()], statefulSets: sets, pods })).toMatchObject({
      state: "progressing",
      pods: 5,
      podsReady: 3,
    });
  });

  test("one that Helm has not touched yet is waited for, one that it never will is not", () => {
    const pinned = {
      ...deployment("production-1"),
      metadata: { ...deployment().metadata, uid: "p" },
    };
    const both = { deployments: [deployment(), pinned], pods: three };
    expect(decide(both).state).toBe("progressing");
    expect(decide({ ...both, released: true }).state).toBe("ready");
  });

  test("none that carries the image is a failure once Helm has finished", () => {
    expect(decide({}).state).toBe("progressing");
    expect(decide({ released: true })).toMatchObject({
      code: "workloads-not-found",
      detail: "No workload carries omnispatial/web.",
    });
  });
});

test("the container that crashes is found for its log", () => {
  const proxy = { restartCount: 3, state: { waiting: { reason: "CrashLoopBackOff" } } };
  const objects = rollout({
    deployments: [deployment(undefined, rolling)],
    pods: [pod("web-2-a"), pod("web-2-b", { proxy })],
  });
  const wanted = { repository, tag: "production-40672", digests: [digest] };
  expect(findTroubled(objects, wanted)).toMatchObject({
    container: "proxy",
    pod: { metadata: { name: "web-2-b" } },
  });
});
