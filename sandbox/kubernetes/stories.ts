import type { Scenario } from "../scenario.ts";

/** What the application writes to its log from its start on, or until it crashes. */
export function writeStory(at: number, tag: string, scenario: Scenario): string[] {
  const lines = [
    `info: omnispatial/web ${tag} is starting`,
    "info: reading the configuration from the environment",
  ];
  const end =
    scenario === "crash-loop"
      ? [
          "Error: TILE_CACHE_URL is not set",
          "    at requireSetting (/app/dist/config.js:41:11)",
          "    at readConfig (/app/dist/config.js:17:16)",
          "    at main (/app/dist/main.js:9:18)",
          "fatal: the configuration is not complete, exiting with code 1",
        ]
      : ["info: connected to the tile cache", "info: listening on port 8080"];
  return [...lines, ...end].map((line, i) => `${new Date(at + i * 20).toISOString()} ${line}`);
}
