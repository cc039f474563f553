import type { TimelineRecord } from "../../src/azure/devops-answers.ts";
import { tailOfTask } from "../../src/azure/log-tail.ts";
import { describeProgress, findFailure } from "../../src/azure/timeline.ts";

/** States: 0 pending, 1 in progress, 2 completed. Results: 0 succeeded, 2 failed, 3 canceled, 4 skipped. Issues: 1 error. */
function stage(name: string, order: number, state: number, result?: number): TimelineRecord {
  return { id: name, type: "Stage", name, order, state, result };
}

function record(
  type: string,
  name: string,
  second: number,
  fields: Partial<TimelineRecord> = {},
): TimelineRecord {
  return {
    id: name,
    type,
    name,
    result: 0,
    state: 2,
    finishTime: new Date(second * 1000),
    ...fields,
  };
}

const error = (message: string) => [{ type: 1, message }];

describe("how far a run is", () => {
  test("between two stages it is at the next one", () => {
    expect(describeProgress([stage("Deploy", 2, 0), stage("Build", 1, 2, 0)]).sentence).toBe(
      "Stage 2 of 2: Deploy",
    );
  });

  test("a skipped stage does not count", () => {
    const stages = [stage("Lint", 1, 2, 4), stage("Build", 2, 1), stage("Report", 3, 0)];
    expect(describeProgress(stages).sentence).toBe("Stage 1 of 2: Build");
  });

  test("the one stage that nobody named is not shown", () => {
    expect(describeProgress([stage("__default", 1, 1)]).sentence).toBe("Running");
  });

  test("a stage that waits for an approval says so", () => {
    const wait = { ...record("Checkpoint", "Checkpoint", 0), parentId: "Deploy", state: 1 };
    expect(describeProgress([stage("Build", 1, 2, 0), stage("Deploy", 2, 0), wait]).sentence).toBe(
      "Stage 2 of 2: Deploy, waits for an approval or a check in Azure DevOps",
    );
  });

  test("after the last stage it is finishing", () => {
    expect(describeProgress([stage("Build", 1, 2, 0)]).sentence).toBe("Finishing");
  });
});

describe("why a run failed", () => {
  test("the first task that failed is the cause, not what failed after it", () => {
    const records = [
      record("Task", "Publish results", 30, { result: 2, issues: error("no results") }),
      record("Task", "Unit tests", 20, { result: 2, issues: error("exit code 1"), log: { id: 7 } }),
      record("Job", "Build", 40, { result: 2, issues: error("job failed") }),
    ];
    expect(findFailure(records)).toEqual({
      name: "Unit tests",
      detail: 'Task "Unit tests" failed: exit code 1',
      log: 7,
    });
  });

  test("a job that ran out of time is told where no task failed", () => {
    const records = [
      record("Task", "Build", 10, { result: 3 }),
      record("Job", "Linux", 20, {
        result: 3,
        issues: error("ran longer than the maximum time of 60 minutes"),
      }),
    ];
    expect(findFailure(records)?.detail).toBe(
      'Job "Linux" failed: ran longer than the maximum time of 60 minutes',
    );
  });

  test("a failure without words is told by its name", () => {
    expect(findFailure([record("Stage", "Build", 1, { result: 2 })])?.detail).toBe(
      'Stage "Build" failed.',
    );
  });

  test("nothing failed where nothing says so", () => {
    expect(findFailure([record("Task", "Build", 1)])).toBeUndefined();
  });
});

describe("the end of a log", () => {
  test("has no timestamps, markers, colours, frames or empty lines, and keeps what is indented", () => {
    const log = [
      "2026-11-25T12:00:00.1234567Z ##[section]Starting: Unit tests",
      "2026-11-25T12:00:01.1234567Z ##[command]/usr/bin/bash test.sh",
      "2026-11-25T12:00:02.1234567Z \u001B[31mFAIL\u001B[0m test/a.test.ts",
      "2026-11-25T12:00:02.1234567Z ",
      "2026-11-25T12:00:02Z     > 43 |   expect(1).toBe(2)",
      "2026-11-25T12:00:03.1234567Z ##vso[task.complete result=Failed;]done",
      "2026-11-25T12:00:03.1234567Z ##[error]Bash exited with code '1'.",
      "2026-11-25T12:00:03.1234567Z ##[section]Finishing: Unit tests",
    ];
    expect(tailOfTask(log)).toEqual([
      "/usr/bin/bash test.sh",
      "FAIL test/a.test.ts",
      "    > 43 |   expect(1).toBe(2)",
      "Bash exited with code '1'.",
    ]);
  });

  test("is 20 lines at most, the last ones", () => {
    const tail = tailOfTask(Array.from({ length: 90 }, (_, i) => `line ${i}`));
    expect(tail).toHaveLength(20);
    expect(tail.at(-1)).toBe("line 89");
  });

  test("is 2 KB at most, and cuts long lines", () => {
    const tail = tailOfTask(Array.from({ length: 20 }, (_, i) => `${i} ${"ü".repeat(400)}`));
    expect(Buffer.byteLength(tail.join("\n"))).toBeLessThanOrEqual(2048);
    expect(tail.at(-1)).toMatch(/^19 ü+…$/);
    expect(tail.length).toBeGreaterThan(2);
  });
});
