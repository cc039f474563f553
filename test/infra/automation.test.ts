import { readFileSync, statSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { nodeFlags } from "../../sandbox/bot-process.ts";

const manifest = z
  .object({
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));
const packages = { ...manifest.dependencies, ...manifest.devDependencies };

describe("the workflow of GitHub", () => {
  const text = readFileSync(".github/workflows/ci.yml", "utf8");
  const workflow = z
    .object({
      permissions: z.record(z.string(), z.string()),
      jobs: z.record(
        z.string(),
        z.looseObject({
          "timeout-minutes": z.number().max(60),
          permissions: z.undefined().optional(),
          container: z.object({ image: z.string() }).loose(),
          steps: z.array(
            z.object({ uses: z.string().optional(), run: z.string().optional() }).loose(),
          ),
        }),
      ),
    })
    .loose()
    .parse(parse(text));
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  test("runs the very .ci/run that everybody can run, and nothing else", () => {
    expect(steps.flatMap(({ run }) => run ?? [])).toEqual([".ci/run"]);
    // Executable, as it is called.
    expect(statSync(".ci/run").mode & 0o111).not.toBe(0);
  });

  test("may only read, and uses actions at exactly one commit each, with the version beside it", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    const lines = text.split("\n").filter((line) => line.includes("uses:"));
    expect(lines.length).toBe(steps.filter(({ uses }) => uses !== undefined).length);
    for (const line of lines) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    expect(text).not.toContain("pull_request_target");
    expect(text).not.toContain("secrets.");
  });

  test("uses the Node of the container image, and that the one of the packages", () => {
    const image = /^node:(\S+)-bookworm$/.exec(workflow.jobs["ci"]?.container.image ?? "")?.[1];
    expect(image).toBe(packages["node"]);
    expect(readFileSync("infra/image/Dockerfile", "utf8")).toContain(`FROM node:${image}-bookworm`);
  });

  test("has Node keep house in the container image as `npm start` does", () => {
    expect(nodeFlags.length).toBeGreaterThan(0);
    const words = [...nodeFlags, "src/main.ts"].map((word) => JSON.stringify(word)).join(", ");
    expect(readFileSync("infra/image/Dockerfile", "utf8")).toContain(`CMD [${words}]`);
  });
});

describe("Renovate's configuration", () => {
  const renovate = z
    .strictObject({
      $schema: z.string(),
      description: z.string(),
      extends: z.array(z.string()),
      schedule: z.array(z.string()),
      rangeStrategy: z.literal("pin"),
      minimumReleaseAge: z.string(),
      internalChecksFilter: z.literal("strict"),
      prConcurrentLimit: z.number(),
      lockFileMaintenance: z.strictObject({
        enabled: z.literal(true),
        schedule: z.array(z.string()),
      }),
      vulnerabilityAlerts: z.looseObject({ minimumReleaseAge: z.null() }),
      packageRules: z.array(
        z.strictObject({
          groupName: z.string().optional(),
          description: z.string().optional(),
          matchPackageNames: z.array(z.string()).optional(),
          matchManagers: z.array(z.string()).optional(),
          allowedVersions: z.string().optional(),
          pinDigests: z.boolean().optional(),
          enabled: z.boolean().optional(),
        }),
      ),
      customManagers: z.array(z.looseObject({ matchStrings: z.array(z.string()) })),
    })
    .parse(JSON.parse(readFileSync("renovate.json", "utf8")));

  test("keeps the pins moving, the lock with them, and lets a release become a week old", () => {
    expect(renovate.minimumReleaseAge).toBe("7 days");
    expect(renovate.extends).toContain("helpers:pinGitHubActionDigests");
  });

  test("groups packages that are here, each in one group", () => {
    const named = renovate.packageRules.flatMap(({ matchPackageNames = [] }) => matchPackageNames);
    expect(named.filter((name) => packages[name] === undefined)).toEqual([]);
    expect(new Set(named).size).toBe(named.length);
  });

  test("moves the version of the one installation script that may run with its package", () => {
    const [matcher = ""] = renovate.customManagers.flatMap((one) => one.matchStrings);
    const found = new RegExp(matcher).exec(readFileSync("package.json", "utf8"));
    expect(found?.groups?.["currentValue"]).toBe(packages["node"]);
  });
});
