/** Tests are the TypeScript sources as they are: Node strips the types, nothing is compiled. */
export default {
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  testEnvironment: "node",
  // Needs Chromium: npm run test:browser.
  testPathIgnorePatterns: process.env.OMNIBOT_BROWSER === undefined ? ["/test/browser/"] : [],
  extensionsToTreatAsEsm: [".ts"],
  moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json", "node"],
  transform: { "\\.ts$": "<rootDir>/test/strip-types.mjs" },
  maxWorkers: 2,
  // A test that hangs is ended; one that is slow on a busy machine is not wrong.
  testTimeout: 60_000,
};
