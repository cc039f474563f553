import type { BuildConfig } from "../../src/config/config.ts";

export const organization = "https://dev.azure.com";

export const build: BuildConfig = {
  organization: `${organization}/omnispatial`,
  project: "OmniSpatial",
  pipeline: 12,
  branch: "main",
  parameters: { environment: "production" },
  marker: { kind: "parameter", name: "omnibotDeploymentId" },
};

/** The ServiceError that this call ends with. */
export async function troubleOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("the call succeeded");
}
