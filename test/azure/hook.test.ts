import { createDevOpsHook } from "../../src/azure/hook.ts";

const secret = "a-random-secret-of-ours";
const hook = createDevOpsHook(secret);

function call(value: unknown, given: string | readonly string[] | undefined = secret) {
  const body = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  return hook({ headers: { "x-omnibot-secret": given }, body });
}

describe("a service hook of Azure DevOps", () => {
  test.each([
    [
      "that a run has changed, as the documentation shows it",
      {
        eventType: "ms.vss-pipelines.run-state-changed-event",
        resource: { run: { id: 40672, state: "completed" }, pipeline: { id: 12 } },
      },
      [{ about: "run", id: 40672 }],
    ],
    [
      "that a build is complete",
      { eventType: "build.complete", resource: { id: 40672, status: "succeeded" } },
      [{ about: "run", id: 40672 }],
    ],
    [
      "that some run waits for an approval, without saying which",
      {
        eventType: "ms.vss-pipelinechecks-events.approval-pending",
        resource: { approval: { id: "b8e1" }, run: null },
      },
      [{ about: "run" }],
    ],
    [
      "something of a run that it does not name",
      { eventType: "ms.vss-pipelines.stage-state-changed-event", resource: {} },
      [{ about: "run" }],
    ],
    ["something else", { eventType: "git.push", resource: { id: 1 } }, []],
  ])("says %s", async (_, value, hints) => {
    expect(await call(value)).toEqual({ state: "heard", hints });
  });

  test.each([
    ["no secret", undefined],
    ["another", "another-random-secret!!"],
    ["a beginning of it", secret.slice(0, 5)],
    ["two of them", [secret, secret]],
    ["an empty one", ""],
  ])("P14 is refused with %s", async (_, given) => {
    const body = Buffer.from(JSON.stringify({ eventType: "build.complete", resource: { id: 1 } }));
    const headers = given === undefined ? {} : { "x-omnibot-secret": given };
    expect(await hook({ headers, body })).toEqual({ state: "refused" });
  });

  test.each(["", "{", "[]", "7", '{"eventType":1}'])("cannot be read: %s", async (text) => {
    expect(await call(text)).toEqual({ state: "unreadable" });
  });
});
