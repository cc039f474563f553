import { z } from "zod";
import { ConfigError } from "./load-config.ts";
import { isSecure } from "./schema.ts";
import type { AzureIdentity, BotIdentity, GitHubIdentity, Settings } from "./settings.ts";

/** An empty value in .env means that it is not set. */
const text = z
  .string()
  .transform((value) => (value === "" ? undefined : value))
  .optional();
/** Whoever guesses it can only make omnibot look more often; it is random all the same. */
const hookSecret = text.refine(
  (secret) => secret === undefined || secret.length >= 16,
  "must have 16 characters at least; `openssl rand -hex 32` makes a good one",
);
const port = z.int("must be a port").min(0, "must be a port").max(65_535, "must be a port");

const variables = z.object({
  OMNIBOT_CONFIG: text,
  OMNIBOT_SANDBOX: z.enum(["", "1"], "must be 1 or not set").optional(),
  HOST: text,
  PORT: z
    .string()
    .optional()
    .transform((value) => Number(value || 3978))
    .pipe(port),
  OMNIBOT_MAINTENANCE: text.refine(
    (why) => why === undefined || why.length <= 160,
    "must be one sentence, of 160 characters at most",
  ),
  METRICS_PORT: z
    .string()
    .optional()
    .transform((value) => (value === undefined || value === "" ? undefined : Number(value)))
    .pipe(port.optional()),
  LOG_LEVEL: z
    .string()
    .optional()
    .transform((value) => value || "info")
    .pipe(z.enum(["debug", "info", "warn", "error"])),
  DATABASE_URL: text.refine(
    (url) => url === undefined || (URL.canParse(url) && /^postgres(ql)?:\/\//.test(url)),
    "must be an address as postgres://user:password@host:5432/omnibot",
  ),
  OMNIBOT_DATA: text,
  MICROSOFT_APP_ID: text,
  MICROSOFT_APP_TENANT_ID: text,
  MICROSOFT_APP_PASSWORD: text,
  MICROSOFT_APP_CERTIFICATE: text,
  MICROSOFT_APP_TYPE: z
    .string()
    .optional()
    .transform((value) => value || "SingleTenant")
    .pipe(z.enum(["SingleTenant", "UserAssignedMSI", "Federated"])),
  AZURE_IDENTITY: z
    .string()
    .optional()
    .transform((value) => value || "managed-identity")
    .pipe(z.enum(["managed-identity", "workload-identity", "client-secret", "azure-cli"])),
  AZURE_CLIENT_ID: text,
  AZURE_TENANT_ID: text,
  AZURE_CLIENT_SECRET: text,
  AZURE_DEVOPS_TOKEN: text,
  REGISTRY_USERNAME: text,
  REGISTRY_PASSWORD: text,
  GITHUB_TOKEN: text,
  GITHUB_APP_ID: text,
  GITHUB_APP_PRIVATE_KEY: text,
  GITHUB_APP_INSTALLATION_ID: z.string().regex(/^\d*$/, "must be a number").optional(),
  GITHUB_API_URL: text,
  GRAPH_API_URL: text.refine(
    (url) => url === undefined || isSecure(url),
    "must be an https address",
  ),
  FLUX_RECEIVER_TOKEN: text,
  AZURE_DEVOPS_HOOK_SECRET: hookSecret,
  GITHUB_HOOK_SECRET: hookSecret,
  FLUX_HOOK_SECRET: hookSecret,
});

/** Names of every variable that omnibot reads; .env.example lists exactly these. */
export const variableNames: readonly string[] = Object.keys(variables.shape);

type Variables = z.output<typeof variables>;

/** Reads the process's environment. @throws {ConfigError} with every problem that it has. */
export function loadSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const read = variables.safeParse(env);
  if (!read.success) {
    throw new ConfigError(
      "The environment",
      read.error.issues.map((one) => `${one.path.join(".")}: ${one.message}`),
    );
  }
  const problems: string[] = [];
  const settings = settingsOf(read.data, (problem) => void problems.push(problem));
  if (problems.length > 0) throw new ConfigError("The environment", problems);
  return settings;
}

function settingsOf(env: Variables, problem: (text: string) => void): Settings {
  const sandbox = env.OMNIBOT_SANDBOX === "1";
  /** A variable that must be set here; the empty text stands in until the problems are thrown. */
  const needed = (key: keyof Variables, why: string): string => {
    const value = env[key];
    if (typeof value === "string" && value !== "") return value;
    problem(`${key}: is not set; ${why}`);
    return "";
  };
  const registry =
    env.REGISTRY_USERNAME === undefined && env.REGISTRY_PASSWORD === undefined
      ? undefined
      : {
          username: needed("REGISTRY_USERNAME", "it belongs to REGISTRY_PASSWORD"),
          password: needed("REGISTRY_PASSWORD", "it belongs to REGISTRY_USERNAME"),
        };
  return {
    config: env.OMNIBOT_CONFIG ?? "omnibot.yaml",
    host: env.HOST ?? (sandbox ? "127.0.0.1" : "0.0.0.0"),
    port: env.PORT,
    metricsPort: env.METRICS_PORT,
    maintenance: env.OMNIBOT_MAINTENANCE,
    logLevel: env.LOG_LEVEL,
    ledger:
      env.DATABASE_URL === undefined
        ? { file: `${env.OMNIBOT_DATA ?? "./data"}/omnibot.sqlite` }
        : { url: env.DATABASE_URL },
    bot: botOf(env, sandbox, needed, problem),
    azure: azureOf(env, needed),
    azureDevOpsToken: env.AZURE_DEVOPS_TOKEN,
    registry,
    github: githubOf(env, needed),
    githubUrl: env.GITHUB_API_URL,
    graphUrl: env.GRAPH_API_URL,
    fluxReceiverToken: env.FLUX_RECEIVER_TOKEN,
    hookSecrets: {
      azureDevOps: env.AZURE_DEVOPS_HOOK_SECRET,
      github: env.GITHUB_HOOK_SECRET,
      flux: env.FLUX_HOOK_SECRET,
    },
  };
}

type Needed = (key: keyof Variables, why: string) => string;

function botOf(
  env: Variables,
  sandbox: boolean,
  needed: Needed,
  problem: (text: string) => void,
): BotIdentity {
  if (sandbox) {
    if (env.MICROSOFT_APP_ID !== undefined)
      problem("OMNIBOT_SANDBOX: accepts anybody; remove it where MICROSOFT_APP_ID is set");
    if (env.HOST !== undefined && !["127.0.0.1", "::1", "localhost"].includes(env.HOST)) {
      problem("HOST: must be loopback where OMNIBOT_SANDBOX is set, since it accepts anybody");
    }
    return { kind: "anonymous" };
  }
  const appId = needed("MICROSOFT_APP_ID", "without it anybody could give orders to omnibot");
  const tenant = needed(
    "MICROSOFT_APP_TENANT_ID",
    "it is the tenant of the bot's app registration",
  );
  if (env.MICROSOFT_APP_TYPE === "UserAssignedMSI")
    return { kind: "managed-identity", appId, tenant };
  if (env.MICROSOFT_APP_TYPE === "Federated") return { kind: "federated", appId, tenant };
  const file = env.MICROSOFT_APP_CERTIFICATE;
  if (file !== undefined) {
    if (env.MICROSOFT_APP_PASSWORD !== undefined)
      problem("MICROSOFT_APP_PASSWORD: is not used beside MICROSOFT_APP_CERTIFICATE; remove one");
    return { kind: "certificate", appId, tenant, file };
  }
  return {
    kind: "secret",
    appId,
    tenant,
    password: needed(
      "MICROSOFT_APP_PASSWORD",
      "or set MICROSOFT_APP_CERTIFICATE, or MICROSOFT_APP_TYPE=UserAssignedMSI",
    ),
  };
}

function azureOf(env: Variables, needed: Needed): AzureIdentity {
  switch (env.AZURE_IDENTITY) {
    case "managed-identity":
      return { kind: "managed-identity", clientId: env.AZURE_CLIENT_ID };
    case "workload-identity":
    case "azure-cli":
      return { kind: env.AZURE_IDENTITY };
    case "client-secret":
      return {
        kind: "client-secret",
        tenant: needed("AZURE_TENANT_ID", "AZURE_IDENTITY=client-secret needs it"),
        clientId: needed("AZURE_CLIENT_ID", "AZURE_IDENTITY=client-secret needs it"),
        secret: needed("AZURE_CLIENT_SECRET", "AZURE_IDENTITY=client-secret needs it"),
      };
  }
}

function githubOf(env: Variables, needed: Needed): GitHubIdentity {
  if (env.GITHUB_APP_ID === undefined) {
    return {
      kind: "token",
      token: needed("GITHUB_TOKEN", "or set GITHUB_APP_ID and its private key"),
    };
  }
  return {
    kind: "app",
    appId: env.GITHUB_APP_ID,
    // One line in .env, several in PEM.
    privateKey: needed("GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_ID needs it").replaceAll("\\n", "\n"),
    installationId: Number(needed("GITHUB_APP_INSTALLATION_ID", "GITHUB_APP_ID needs it")),
  };
}
