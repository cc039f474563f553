import { expected, judgeRecording, verdictsOf, wantedTag } from "./recording-verdicts.ts";

describe("Recordings of a real API server", () => {
  test.each(expected)("$name ends as $end, decided promptly, never wrong before", (recording) => {
    expect(judgeRecording(recording)).toMatchObject({ verdict: recording.end, problems: [] });
  });

  test("12-heals-after-deadline passes its deadline, which is worth some patience", () => {
    const verdicts = verdictsOf("12-heals-after-deadline");
    const failed = verdicts.filter(({ state }) => state.state === "failed");
    expect(failed[0]?.t).toBe(20892);
    for (const { state } of failed) expect(state).toMatchObject({ patience: 60_000 });
  });

  test("13-superseded is a success for the one that superseded", () => {
    const verdicts = verdictsOf("13-superseded", "production-40680");
    const ready = verdicts.find(({ state }) => state.state === "ready");
    expect(ready?.t).toBeGreaterThanOrEqual(16_636);
    expect(verdicts.at(-1)?.state.state).toBe("ready");
  });

  test("P7 with another digest in the registry a recorded success is none", () => {
    const other = [`sha256:${"0".repeat(64)}`];
    const states = verdictsOf("01-success-rolling-update", wantedTag, other);
    expect(states.some(({ state }) => state.state === "ready")).toBe(false);
    expect(states.at(-1)?.state).toMatchObject({ state: "failed", code: "digest-mismatch" });
  });

  test("17-statefulset-blocked names the pod that holds up the rest", () => {
    expect(verdictsOf("17-statefulset-blocked").at(-1)?.state).toMatchObject({
      sentence:
        "3 of 6 ready on 40672, 2 of 6 still on 40655; suspicion: omnispatial-worker-2: container worker is not ready; " +
        "Readiness probe failed: HTTP probe failed with statuscode: 503; " +
        "the other pods of StatefulSet omnispatial-worker wait for it",
    });
  });
});
