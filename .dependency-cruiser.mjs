/** The house as docs/design.md draws it: who may import whom. */
const rooms = ["teams", "azure", "github", "cluster", "health", "store", "http", "metrics"];
const others = (room) => `^src/(${rooms.filter((one) => one !== room).join("|")})/`;

/** Where each vendor's packages may be imported. */
const vendors = {
  teams: [
    "botbuilder",
    "botframework-connector",
    "adaptivecards-templating",
    "adaptive-expressions",
    "jose",
  ],
  azure: ["azure-devops-node-api", "@azure/identity"],
  github: ["@octokit/"],
  cluster: ["@kubernetes/client-node"],
  store: ["kysely", "better-sqlite3", "pg"],
  http: ["restify"],
  metrics: ["prom-client"],
};

export default {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "every-import-is-found",
      comment: "What the checker cannot find escapes the rules below.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "one-nock",
      comment: "It is switched off at the end of whatever file took it from there.",
      severity: "error",
      from: { pathNot: ["^test/without-network\\.ts$", "^test/forgeries/"] },
      to: { path: "node_modules/nock/" },
    },
    {
      name: "the-heart-knows-nobody",
      comment:
        "src/deployment imports itself and the types of the configuration, and no package at all.",
      severity: "error",
      from: { path: "^src/deployment/" },
      to: { pathNot: ["^src/deployment/", "^src/config/config\\.ts$", "^(node:)?crypto$"] },
    },
    {
      name: "config-imports-nobody",
      severity: "error",
      from: { path: "^src/config/" },
      to: { path: "^src/", pathNot: "^src/config/" },
    },
    ...rooms.map((room) => ({
      name: `${room}-stays-in-its-room`,
      severity: "error",
      from: { path: `^src/${room}/` },
      to: {
        path: [
          others(room),
          "^src/(main|omnibot|worlds|doctor)\\.ts$",
          "^src/doctor/",
          "^src/config/load-",
        ],
      },
    })),
    ...Object.entries(vendors).map(([room, packages]) => ({
      name: `only-${room}-imports-its-vendor`,
      severity: "error",
      from: { path: "^src/", pathNot: `^src/${room}/` },
      to: { path: packages.map((one) => `^node_modules/(@types/)?${one}`) },
    })),
    {
      name: "src-never-imports-the-sandbox",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(sandbox|test|bench)/" },
    },
    {
      name: "the-sandbox-knows-the-wire-only",
      comment: "A stand-in that used omnibot's own code could not find its mistakes.",
      severity: "error",
      from: { path: "^sandbox/" },
      to: { path: "^(src|test)/" },
    },
    {
      name: "the-product-needs-no-development-package",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg"], pathNot: "^node_modules/@types/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // What these import is installed for the bench alone (bench/package.json).
    exclude: { path: "^bench/peers/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      extensions: [".ts", ".js", ".mjs", ".json"],
      exportsFields: ["exports"],
      conditionNames: ["node", "import", "require", "types", "default"],
    },
  },
};
