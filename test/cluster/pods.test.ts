import type { Event } from "../../src/cluster/objects.ts";
import { judgePod } from "../../src/cluster/pods.ts";
import { ago, digest, event, now, pod, repository } from "./rollout-states.ts";

const wanted = { repository, tag: "production-40672", digests: [digest] };
const judge = (fields: Parameters<typeof pod>[1], events: readonly Event[] = []) =>
  judgePod(pod("web-2-a", fields), wanted, now, events);
const waiting = (reason: string, message = "", more = {}) => ({
  ready: false,
  web: { state: { waiting: { reason, message } }, imageID: "", ...more },
});
/** A pod that could start its containers only so many seconds ago. */
const young = (seconds: number, web: object) => ({
  ready: false,
  metadata: { creationTimestamp: ago(seconds) },
  status: {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "True", lastTransitionTime: ago(seconds) }],
    containerStatuses: [{ name: "web", ...web }],
  },
});
const youngWaiting = (seconds: number, reason: string, message = "") =>
  young(seconds, { state: { waiting: { reason, message } } });

test("a pod that runs the image is ready", () => {
  expect(judge({})).toEqual({ state: "ready", digest });
});

describe("An image that cannot be pulled", () => {
  const pulls = (count: number) => [event("Failed", "Failed to pull image x: ...", { count })];

  test.each([
    ["pull-not-found", "production-40672: not found"],
    ["pull-denied", "pull access denied, repository does not exist"],
    ["pull-denied", "unexpected status from HEAD request: 403 Forbidden"],
    ["pull-denied", "failed to authorize: 401 Unauthorized"],
  ])("is certain at the second try: %s", (code, message) => {
    const pull = waiting("ErrImagePull", message);
    expect(judge(pull, pulls(1))).toMatchObject({ state: "pending", code });
    expect(judge(pull, pulls(2))).toMatchObject({ state: "broken", code });
  });

  test("is certain after 20 s where no event tells", () => {
    const pull = (seconds: number) => youngWaiting(seconds, "ErrImagePull", "not found");
    expect(judge(pull(19)).state).toBe("pending");
    expect(judge(pull(21)).state).toBe("broken");
  });

  test.each([
    "429 Too Many Requests",
    "dial tcp: lookup omnispatial.azurecr.io: no such host",
    "net/http: TLS handshake timeout",
    "read: connection reset by peer",
    "unexpected status: 503 Service Unavailable",
  ])("may pass: %s", (message) => {
    expect(judge(waiting("ImagePullBackOff", message), pulls(5))).toMatchObject({
      state: "pending",
      code: "image-pull-failed",
    });
  });

  test("without a reason is certain after a minute", () => {
    const message = 'Back-off pulling image "x"';
    const pull = waiting("ImagePullBackOff", message);
    expect(judge({ ...pull, metadata: { creationTimestamp: ago(200) } }).state).toBe("broken");
    expect(judge(youngWaiting(5, "ImagePullBackOff", message)).state).toBe("pending");
  });

  test("with a name that is none is certain at once", () => {
    expect(judge(youngWaiting(1, "InvalidImageName"))).toMatchObject({
      state: "broken",
      code: "image-name-invalid",
    });
  });
});

describe("A container that crashes", () => {
  const crashed = (restartCount: number, state: object) => ({
    ready: false,
    web: { restartCount, state, lastState: { terminated: { exitCode: 1, reason: "Error" } } },
  });
  const backOff = { waiting: { reason: "CrashLoopBackOff", message: "back-off 20s" } };

  test("once is a suspicion, and told", () => {
    expect(judge(crashed(1, backOff))).toEqual({
      state: "pending",
      code: "crash-loop",
      trouble: "web-2-a: container web crashed, restarted once, exit code 1",
      container: "web",
    });
  });

  test("again and again is a loop", () => {
    expect(judge(crashed(2, backOff))).toEqual({
      state: "broken",
      code: "crash-loop",
      detail: "web-2-a: container web crashed, restarted 2 times, exit code 1",
      container: "web",
    });
  });

  test("for its memory is told as that, at the second time", () => {
    const killed = { terminated: { exitCode: 137, reason: "OOMKilled" } };
    const web = { restartCount: 1, state: killed, lastState: killed };
    expect(judge({ ready: false, web })).toMatchObject({
      state: "broken",
      code: "out-of-memory",
      detail:
        "web-2-a: container web crashed, restarted once, exit code 137, killed for its memory",
    });
    const first = { restartCount: 0, state: killed };
    expect(judge({ ready: false, web: first })).toMatchObject({
      state: "pending",
      code: "out-of-memory",
    });
  });

  test("P10 and is ready between two crashes is not believed until it ran longer than before", () => {
    const running = (seconds: number) => ({ running: { startedAt: ago(seconds) } });
    const proxy = (seconds: number, lastState = {}) => ({
      proxy: { restartCount: 1, state: running(seconds), lastState },
    });
    expect(judge(proxy(2)).state).toBe("pending");
    expect(judge(proxy(31)).state).toBe("ready");
    const lasted = { exitCode: 1, startedAt: ago(300), finishedAt: ago(200) };
    expect(judge(proxy(31, { terminated: lasted })).state).toBe("pending");
    expect(judge(proxy(111, { terminated: lasted })).state).toBe("ready");
  });

  test("in an init container is named so; a sidecar among them is none", () => {
    const status = {
      phase: "Pending",
      initContainerStatuses: [{ name: "migrate", restartCount: 2, state: backOff }],
      containerStatuses: [],
    };
    expect(judge({ ready: false, status })).toMatchObject({
      code: "init-container-failed",
      detail: "web-2-a: init container migrate crashed, restarted 2 times",
    });
    const mesh = pod("web-2-a", { ready: false, status });
    const spec = {
      ...mesh.spec,
      initContainers: [
        { name: "migrate", image: "proxy:1", restartPolicy: "Always", readinessProbe: undefined },
      ],
    };
    expect(judgePod({ ...mesh, spec }, wanted, now)).toMatchObject({
      code: "crash-loop",
      detail: "web-2-a: sidecar migrate crashed, restarted 2 times",
    });
  });

  test("since its liveness probe has it killed is told with the probe's words, at the third time", () => {
    const events = [
      event("Killing", "Container web failed liveness probe, will be restarted", {
        type: "Normal",
      }),
      event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500"),
    ];
    const state = { running: { startedAt: ago(4) } };
    const web = (restartCount: number) => ({
      restartCount,
      state,
      lastState: { terminated: { exitCode: 137, reason: "Error" } },
    });
    expect(judge({ ready: false, web: web(1) }, events)).toMatchObject({
      state: "pending",
      code: "liveness-failing",
    });
    expect(judge({ ready: false, web: web(3) }, events)).toMatchObject({
      state: "broken",
      code: "liveness-failing",
      detail:
        "web-2-a: container web was killed, restarted 3 times, exit code 137; Liveness probe failed: HTTP probe failed with statuscode: 500",
    });
  });
});

describe("A ConfigMap that is missing", () => {
  const config = youngWaiting(5, "CreateContainerConfigError", 'configmap "web" not found');

  test("may be a moment away: it is certain when it failed twice", () => {
    const tries = (count: number) => [
      event("Failed", 'Error: configmap "web" not found', { count }),
    ];
    expect(judge(config, tries(1))).toMatchObject({ state: "pending", code: "config-missing" });
    expect(judge(config, tries(2))).toMatchObject({
      state: "broken",
      code: "config-missing",
      detail: 'web-2-a: container web: CreateContainerConfigError, configmap "web" not found',
    });
  });

  test("at a mount is told by events only", () => {
    const message = 'MountVolume.SetUp failed for volume "settings" : configmap "web" not found';
    const mount = (count: number) => [event("FailedMount", message, { count }, "")];
    const creating = (seconds: number) => youngWaiting(seconds, "ContainerCreating");
    expect(judge(creating(20), mount(1))).toMatchObject({ state: "pending" });
    expect(judge(creating(10), mount(4))).toMatchObject({
      code: "config-missing",
      state: "pending",
    });
    expect(judge(creating(20), mount(4))).toMatchObject({
      code: "config-missing",
      state: "broken",
    });
  });
});

test.each([
  ["volume-failed", "FailedAttachVolume", "Multi-Attach error for volume x"],
  ["pods-not-started", "FailedCreatePodSandBox", "failed to set up pod network"],
])(
  "%s is a suspicion when it was tried again, for it may take minutes",
  (code, reason, message) => {
    const creating = youngWaiting(300, "ContainerCreating");
    expect(judge(creating, [event(reason, message, {}, "")])).not.toHaveProperty("code");
    expect(judge(creating, [event(reason, message, { count: 2 }, "")])).toEqual({
      state: "pending",
      code,
      trouble: `web-2-a: ${reason}, ${message}`,
    });
    const over = { count: 9, lastTimestamp: ago(600) };
    expect(judge(creating, [event(reason, message, over, "")])).toMatchObject({
      trouble: "web-2-a: starts",
    });
  },
);

test("P13 what a pod says is told without its secrets", () => {
  const message = "failed to run hook: login with password=hunter2hunter2 was refused";
  const state = judge(youngWaiting(90, "PostStartHookError", message));
  expect(JSON.stringify(state)).toContain("password=(hidden)");
  expect(JSON.stringify(state)).not.toContain("hunter2");
});

describe("A pod without a node", () => {
  const message = "0/3 nodes are available: 3 Insufficient cpu";
  const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
  const pending = { status: { phase: "Pending", conditions, containerStatuses: [] } };

  test("waits, with the scheduler's words, as a suspicion", () => {
    expect(judge(pending)).toEqual({
      state: "pending",
      code: "unschedulable",
      trouble: `web-2-a waits for a node: ${message}`,
    });
  });

  test("is no suspicion while the autoscaler adds one, and the more so when it does not", () => {
    const grows = event("TriggeredScaleUp", "pod triggered scale-up", { type: "Normal" }, "");
    expect(judge(pending, [grows])).toEqual({
      state: "pending",
      trouble: "web-2-a waits for a node that is being added",
    });
    const full = event("NotTriggerScaleUp", "max node group size reached", {}, "");
    expect(judge(pending, [full])).toMatchObject({
      code: "unschedulable",
      trouble: `web-2-a waits for a node: ${message} The autoscaler: max node group size reached`,
    });
  });
});

describe("A pod that is not ready", () => {
  const probe = {
    periodSeconds: 5,
    timeoutSeconds: 1,
    failureThreshold: 3,
    initialDelaySeconds: 0,
  };
  const judgeProbed = (seconds: number, events: readonly Event[] = []) => {
    const state = { running: { startedAt: ago(seconds) } };
    const found = pod("web-2-a", { ready: false, web: { state } });
    const containers = found.spec.containers.map((one) => ({ ...one, readinessProbe: probe }));
    return judgePod({ ...found, spec: { ...found.spec, containers } }, wanted, now, events);
  };
  const failed = (count: number) => [event("Unhealthy", "Readiness probe failed: 503", { count })];

  test("starts, until its probe failed as often as it may", () => {
    expect(judgeProbed(9, failed(2))).toEqual({
      state: "pending",
      trouble: "web-2-a: container web is not ready",
    });
    expect(judgeProbed(60, failed(3))).toEqual({
      state: "pending",
      code: "readiness-failing",
      trouble: "web-2-a: container web is not ready; Readiness probe failed: 503",
      container: "web",
    });
  });

  test("is judged by the time where no event tells", () => {
    expect(judgeProbed(17)).not.toHaveProperty("code");
    expect(judgeProbed(19)).toMatchObject({ code: "readiness-failing" });
  });
});
