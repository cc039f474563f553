import { pushLog, testLog, type LogContext } from "./logs.ts";

/** What a run of azure-pipelines.yml does: two stages, each with one job. */
export interface PlannedStage {
  readonly name: string;
  readonly job: string;
  readonly tasks: readonly PlannedTask[];
}

export interface PlannedTask {
  readonly name: string;
  /** Milliseconds at speed 1. */
  readonly duration: number;
  /** Runs even after another task failed. */
  readonly always?: boolean;
  /** Pushes the image. */
  readonly pushes?: boolean;
  /** Fails in the scenario `build-fails`, with these words. */
  readonly failure?: readonly string[];
  readonly log: (context: LogContext) => readonly string[];
}

/** How long a run waits for an agent, in milliseconds at speed 1. With the tasks below a run takes 12 s. */
export const queueTime = 1000;

export const stages: readonly PlannedStage[] = [
  {
    name: "Build",
    job: "Build and test",
    tasks: [
      {
        name: "Initialize job",
        duration: 400,
        log: ({ agent }) => [`Agent name: '${agent}'`, "Current image version: '20261115.1.0'"],
      },
      {
        name: "Checkout web@main to s",
        duration: 800,
        log: ({ commit }) => [
          "Syncing repository: web (Git)",
          "git --config-env=http.extraheader=env_var_http.extraheader fetch --force --tags --prune --depth=1 origin",
          `git checkout --progress --force ${commit}`,
          `HEAD is now at ${commit.slice(0, 7)}`,
        ],
      },
      {
        name: "Unit tests",
        duration: 3000,
        failure: ["1 of 214 tests failed", "Bash exited with code '1'."],
        log: testLog,
      },
      {
        name: "Build image",
        duration: 3600,
        log: ({ image }) => [
          `##[command]/usr/bin/docker buildx build --platform linux/amd64,linux/arm64 -t ${image} .`,
          "#1 [internal] load build definition from Dockerfile",
          "#2 [linux/amd64 build 4/6] RUN npm ci --omit=dev",
          "#3 [linux/arm64 build 4/6] RUN npm ci --omit=dev",
          "#4 exporting to image",
          "#4 DONE 1.2s",
        ],
      },
      {
        name: "Finalize Job",
        duration: 200,
        always: true,
        log: () => ["Cleaning up task key", "Start cleaning up orphan processes."],
      },
    ],
  },
  {
    name: "Push",
    job: "Push image",
    tasks: [
      { name: "Initialize job", duration: 400, log: ({ agent }) => [`Agent name: '${agent}'`] },
      { name: "Push image", duration: 2400, pushes: true, log: pushLog },
      { name: "Finalize Job", duration: 200, always: true, log: () => ["Cleaning up task key"] },
    ],
  },
];
