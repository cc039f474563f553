import { judgePod } from "../../src/cluster/pods.ts";
import { ago, digest, now, pod, repository } from "./rollout-states.ts";

const wanted = { repository, tag: "production-40672", digests: [digest] };
const judge = (fields: Parameters<typeof pod>[1]) => judgePod(pod("web-2-a", fields), wanted, now);
const waiting = (reason: string, message = "", more = {}) => ({
  ready: false,
  web: { state: { waiting: { reason, message } }, imageID: "", ...more },
});
/** A pod that could start its containers only a moment ago. */
const fresh = (seconds: number) => ({
  phase: "Pending",
  conditions: [{ type: "PodScheduled", status: "True", lastTransitionTime: ago(seconds) }],
});

test("a pod that runs the image is ready", () => {
  expect(judge({})).toEqual({ state: "ready", digest });
});

describe("An image that cannot be pulled", () => {
  test.each([
    "production-40672: not found",
    "pull access denied, repository does not exist",
    "unexpected status from HEAD request: 403 Forbidden",
    "failed to authorize: 401 Unauthorized",
  ])("is certain at the first try: %s", (message) => {
    expect(judge(waiting("ErrImagePull", message))).toMatchObject({
      state: "broken",
      code: "image-pull-failed",
    });
  });

  test.each([
    "429 Too Many Requests",
    "dial tcp: lookup omnispatial.azurecr.io: no such host",
    "net/http: TLS handshake timeout",
    "read: connection reset by peer",
    "unexpected status: 503 Service Unavailable",
  ])("may pass: %s", (message) => {
    expect(judge(waiting("ImagePullBackOff", message))).toMatchObject({ state: "pending" });
  });

  test("without a reason is certain after a minute", () => {
    const pull = waiting("ImagePullBackOff", 'Back-off pulling image "x"');
    expect(judge({ ...pull, metadata: { creationTimestamp: ago(200) } }).state).toBe("broken");
    const young = { ...pull, metadata: { creationTimestamp: ago(5) } };
    const status = {
      ...fresh(5),
      containerStatuses: [{ name: "web", state: { waiting: { reason: "ImagePullBackOff" } } }],
    };
    expect(judge({ ...young, status }).state).toBe("pending");
  });

  test("with a name that is none is certain", () => {
    expect(judge(waiting("InvalidImageName"))).toMatchObject({ code: "image-pull-failed" });
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
      trouble: "web-2-a: container web crashed, restarted once, exit code 1",
    });
  });

  test("again and again is a loop", () => {
    expect(judge(crashed(2, backOff))).toEqual({
      state: "broken",
      code: "crash-loop",
      detail: "web-2-a: container web crashed, restarted 2 times, exit code 1",
    });
  });

  test("for its memory is told as that, at the second time", () => {
    const killed = { terminated: { exitCode: 137, reason: "OOMKilled" } };
    expect(
      judge({ ready: false, web: { restartCount: 1, state: killed, lastState: killed } }),
    ).toEqual({
      state: "broken",
      code: "crash-loop",
      detail:
        "web-2-a: container web crashed, restarted once, exit code 137, killed for its memory",
    });
  });

  test("P10 and is ready between two crashes is not believed, until it has run for a while", () => {
    const running = (seconds: number) => ({ running: { startedAt: ago(seconds) } });
    const proxy = (seconds: number) => ({ proxy: { restartCount: 1, state: running(seconds) } });
    expect(judge(proxy(2)).state).toBe("pending");
    expect(judge(proxy(31)).state).toBe("ready");
  });

  test("in an init container is named so", () => {
    const status = {
      phase: "Pending",
      initContainerStatuses: [{ name: "migrate", restartCount: 2, state: backOff }],
      containerStatuses: [],
    };
    expect(judge({ ready: false, status })).toMatchObject({
      code: "crash-loop",
      detail: "web-2-a: init container migrate crashed, restarted 2 times",
    });
  });
});

test("a missing ConfigMap is certain after 15 s, since it may be a moment away", () => {
  const status = (seconds: number) => ({
    ...fresh(seconds),
    containerStatuses: [
      {
        name: "web",
        state: {
          waiting: { reason: "CreateContainerConfigError", message: 'configmap "web" not found' },
        },
      },
    ],
  });
  const young = { creationTimestamp: ago(3) };
  expect(judge({ metadata: young, status: status(3) }).state).toBe("pending");
  expect(judge({ status: status(16) })).toEqual({
    state: "broken",
    code: "container-config",
    detail: 'web-2-a: container web: CreateContainerConfigError, configmap "web" not found',
  });
});

test("a pod without a node waits, with the scheduler's words", () => {
  const conditions = [
    {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message: "3 Insufficient cpu",
    },
  ];
  expect(judge({ status: { phase: "Pending", conditions, containerStatuses: [] } })).toEqual({
    state: "pending",
    trouble: "web-2-a waits for a node: 3 Insufficient cpu",
  });
});
