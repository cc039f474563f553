import type { Scenario } from "../scenario.ts";

export interface LogContext {
  readonly scenario: Scenario;
  readonly commit: string;
  /** The image's reference with its tag. */
  readonly image: string;
  readonly agent: string;
}

const suites = [
  "format",
  "geocode",
  "layers",
  "legend",
  "measure",
  "permalink",
  "projection",
  "style",
  "upload",
];

/** The unit tests; in `build-fails` one of them fails, as a real one would. */
export function testLog({ scenario }: LogContext): readonly string[] {
  const failing = scenario === "build-fails";
  const passing = failing ? suites : [...suites, "scale-bar"];
  const passed = passing.map((suite) => `PASS test/${suite}.test.ts`);
  return [
    "##[section]Starting: Unit tests",
    "==============================================================================",
    "Task         : Bash",
    "Description  : Run a Bash script on macOS, Linux, or Windows",
    "Version      : 3.259.0",
    "==============================================================================",
    "Script contents:",
    "npm ci && npm test -- --ci",
    "##[command]/usr/bin/bash /home/vsts/work/_temp/3f1c7a52-8a0e-4b7f-9a3c-5d5cf0a1b9d4.sh",
    "npm notice using registry token ***",
    "added 812 packages, and audited 813 packages in 9s",
    "> web@2.48.0 test",
    "> jest --ci",
    ...passed,
    ...(failing ? failedTest : []),
    `Test Suites: ${failing ? "1 failed, 9 passed" : "10 passed"}, 10 total`,
    `Tests:       ${failing ? "1 failed, 213 passed" : "214 passed"}, 214 total`,
    "Snapshots:   0 total",
    "Time:        18.402 s",
    ...(failing ? ["##[error]1 of 214 tests failed", "##[error]Bash exited with code '1'."] : []),
    "##[section]Finishing: Unit tests",
  ];
}

const failedTest = [
  "FAIL test/scale-bar.test.ts",
  "  ● scale bar › prints the length in the units of the user",
  "",
  "    expect(received).toBe(expected) // Object.is equality",
  "",
  '    Expected: "500 m"',
  '    Received: "0.31 mi"',
  "",
  "      41 |   const bar = scaleBar({ zoom: 14, latitude: 47.37, units: user.units });",
  "      42 |",
  '    > 43 |   expect(bar.label).toBe("500 m");',
  "         |                     ^",
  "      44 | });",
  "",
  "      at Object.<anonymous> (test/scale-bar.test.ts:43:21)",
  "",
];

/** The push; in `image-missing` it goes to the registry of the test environment, and nobody notices. */
export function pushLog({ scenario, image }: LogContext): readonly string[] {
  const target =
    scenario === "image-missing" ? image.replace("omnispatial.", "omnispatialtest.") : image;
  return [
    "##[section]Starting: Push image",
    `##[command]/usr/bin/docker push ${target}`,
    `The push refers to repository [${target.slice(0, target.lastIndexOf(":"))}]`,
    "5f70bf18a086: Pushed",
    "a3b5c80a4eba: Layer already exists",
    "##[section]Finishing: Push image",
  ];
}
