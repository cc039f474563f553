/** What the next build brings. It belongs to the image that the build makes, so that going back to an older one works. */
export const scenarios = {
  success: "everything goes well",
  "build-fails": "a task of the pipeline fails",
  "image-missing": "the build succeeds, but its image never reaches the registry",
  "image-cannot-be-pulled": "the cluster may not pull the image",
  "crash-loop": "the application crashes on start",
  slow: "everything takes five times as long",
} as const;

export type Scenario = keyof typeof scenarios;

export function isScenario(word: string): word is Scenario {
  return Object.hasOwn(scenarios, word);
}
