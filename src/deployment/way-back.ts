import { randomBytes } from "node:crypto";
import type { Environment } from "../config/config.ts";
import type { Deployment, Person, Target, WayBack } from "./deployment.ts";
import { buildOfTag } from "./image-tag.ts";
import type { Ledger, NewDeployment, Update } from "./ledger.ts";
import { planOf } from "./steps.ts";

/** How far back a build that was proven healthy is looked for. */
const lookBack = 50;

/**
 * The last build that was live in this environment before this deployment, by omnibot's own proof, and is not the one that it
 * brought; undefined where there is none, and where Git was not changed: then there is nothing to go back from.
 */
export async function findWayBack(
  { id, evidence }: Deployment,
  ledger: Pick<Ledger, "list">,
  environment: Environment,
): Promise<WayBack | undefined> {
  const failed = evidence.merge === undefined ? undefined : evidence.image?.tag;
  if (failed === undefined) return undefined;
  for (const one of await ledger.list(environment.name, lookBack)) {
    const good = goodBuildOf(one, environment);
    if (one.id < id && good !== undefined && good.tag !== failed) return good;
  }
  return undefined;
}

/** The build that a deployment proved to run well; undefined where it did not, or where nothing tells the build. */
export function goodBuildOf(
  { state, target, evidence }: Deployment,
  { image, name }: Environment,
): WayBack | undefined {
  if (state !== "live" || evidence.image === undefined) return undefined;
  const { tag, digest } = evidence.image;
  const build =
    target.from === "build" ? target.build : (evidence.run?.id ?? buildOfTag(image, name, tag));
  return build === undefined ? undefined : { build, tag, digest };
}

/** The image that a build was live as last, by omnibot's own proof; undefined where that is not known. */
export async function provenDigest(
  build: number,
  ledger: Pick<Ledger, "list">,
  environment: Environment,
): Promise<string | undefined> {
  const all = await ledger.list(environment.name, lookBack);
  return all.map((one) => goodBuildOf(one, environment)).find((one) => one?.build === build)
    ?.digest;
}

/** Failures that say nothing about the build itself: going back would not help, or would fight somebody. */
const notTheBuild = new Set<string>([
  "flux-suspended",
  "internal-error",
  "merge-lost",
  "rollout-paused",
  "service-denied",
  "service-refused",
  "service-unreachable",
  "superseded",
  "values-overridden",
]);

/**
 * Whether omnibot goes back by itself: only where the environment says so, only from a deployment that somebody asked for, and
 * only when it is the new build that is not well. A rollback that fails is left to people (P11).
 */
export function goesBackByItself(failed: Deployment, environment: Environment): boolean {
  const { kind, failure } = failed;
  return (
    environment.rollback === "automatic" &&
    kind === "deploy" &&
    failure !== undefined &&
    (failure.step === "roll-out" || failure.step === "check-health") &&
    !notTheBuild.has(failure.code)
  );
}

/** The request to go back, by a person or by omnibot itself. */
export function rollbackOf(
  failed: Deployment,
  { build, digest }: WayBack,
  requester: Person | "omnibot",
  environment: Environment,
  now: number,
): NewDeployment {
  const automatic = requester === "omnibot";
  const target: Target = {
    from: "build",
    build,
    ...(digest === undefined ? {} : { digest }),
    ...(automatic ? { automatic } : {}),
  };
  return {
    key: randomBytes(6).toString("hex"),
    kind: "rollback",
    environment: failed.environment,
    target,
    requester: automatic ? { id: "omnibot", name: "omnibot" } : requester,
    requestedAt: now,
    expiresAt: now + environment.approval.expires,
    progress: planOf({ kind: "rollback", target }),
    undoes: failed.id,
  };
}

/** What to save of a failure: it knows what people may go back to; where the environment says so, omnibot goes back by itself. */
export async function withWayBack(
  update: Update,
  ledger: Ledger,
  environment: Environment,
  now: number,
): Promise<Update> {
  const { deployment } = update;
  const { failure } = deployment;
  // It is found once, in the moment of the failure; and whoever was overtaken does not know what is live by now.
  if (deployment.state !== "failed" || failure === undefined || failure.wayBack !== undefined)
    return update;
  if (failure.code === "superseded") return update;
  const wayBack = await findWayBack(deployment, ledger, environment);
  if (wayBack === undefined) return update;
  const automatic = goesBackByItself(deployment, environment);
  const known = automatic ? { ...wayBack, automatic } : wayBack;
  const failed = { ...deployment, failure: { ...failure, wayBack: known } };
  if (!automatic) return { ...update, deployment: failed };
  const next = rollbackOf(failed, wayBack, "omnibot", environment, now);
  return { ...update, deployment: failed, next };
}
