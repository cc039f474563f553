/** Tests are the TypeScript sources as they are: Node strips the types, nothing is compiled. */
export default {
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  moduleFileExtensions: ["ts", "js", "mjs", "cjs", "json", "node"],
  transform: { "\\.ts$": "<rootDir>/test/strip-types.mjs" },
  maxWorkers: 2,
};
