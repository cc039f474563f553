import type { Environment } from "../config/config.ts";
import type { Deployment, Person } from "./deployment.ts";
import type { Delivery, Ledger } from "./ledger.ts";
import type { Barrier } from "./locks.ts";
import { may, type NotAllowed } from "./policy.ts";
import type { Clock, Groups } from "./ports.ts";
import type { RequestAnswer, Requests } from "./requests.ts";
import { goodBuildOf, rollbackOf } from "./way-back.ts";

export interface GoBack {
  /** The deployment that failed, or the one that proved the build to run well. */
  readonly deploymentId: number;
  readonly requester: Person;
  /** The click. The rollback goes on in its thread; that of a failed deployment must be the deployment's own. */
  readonly delivery: Delivery;
}

export type GoBackAnswer =
  /** `asked`: somebody did that before; this is the rollback. `busy` and `overtaken`: this one is in the way. */
  | { readonly state: "created" | "asked" | "busy" | "overtaken"; readonly deployment: Deployment }
  | { readonly state: "kept-out"; readonly barrier: Barrier; readonly deployment: Deployment }
  | NotAllowed
  | { readonly state: "unknown" };

export interface GoingBack {
  /** Asks to go back from a failed deployment to the build that its card offers; somebody else has to approve that. */
  goBack(asked: GoBack): Promise<GoBackAnswer>;
  /**
   * Asks for the build that this deployment proved to run well, as `rollback` with its number does. `repeated`: the delivery
   * has asked before, perhaps for another build.
   */
  choose(asked: GoBack): Promise<RequestAnswer | { readonly state: "unknown" }>;
}

export interface GoingBackOptions {
  readonly ledger: Pick<Ledger, "get" | "list" | "isThread" | "create" | "audit">;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly groups: Groups;
  readonly request: Requests["request"];
  /** Why nothing new is begun. */
  readonly maintenance?: string | undefined;
  readonly clock: Clock;
  readonly hint: () => void;
}

/** How many of the newest deployments may have overtaken a failed one whose button is pressed. */
const recent = 50;

/** Ways back by a button. */
export function createGoingBack({
  ledger,
  environments,
  groups,
  request,
  maintenance,
  clock,
  hint,
}: GoingBackOptions): GoingBack {
  return { goBack, choose };

  async function choose({
    deploymentId,
    requester,
    delivery,
  }: GoBack): Promise<RequestAnswer | { readonly state: "unknown" }> {
    const good = await ledger.get(deploymentId);
    const environment = good === undefined ? undefined : environments[good.environment];
    if (good === undefined || environment === undefined) return { state: "unknown" };
    const found = goodBuildOf(good, environment);
    if (found === undefined) return { state: "unknown" };
    const { build, digest } = found;
    return request({
      kind: "rollback",
      environment: environment.name,
      build,
      ...(digest === undefined ? {} : { digest }),
      requester,
      delivery,
    });
  }

  async function goBack({ deploymentId, requester, delivery }: GoBack): Promise<GoBackAnswer> {
    const failed = await ledger.get(deploymentId);
    const wayBack = failed?.failure?.wayBack;
    const environment = failed === undefined ? undefined : environments[failed.environment];
    if (failed === undefined || wayBack === undefined || environment === undefined)
      return { state: "unknown" };
    if (!(await ledger.isThread(failed.id, delivery.conversation))) return { state: "unknown" };

    const allowed = await may("rollback", requester, environment, groups);
    if (allowed !== "yes") {
      const facts = { environment: environment.name, kind: "rollback", because: allowed };
      const entry = { at: clock.now(), deploymentId: failed.id, actor: requester };
      await ledger.audit({ ...entry, action: "refused:request", facts });
      return { state: allowed, action: "rollback", environment: environment.name };
    }
    const before = wayBack.asked === undefined ? undefined : await ledger.get(wayBack.asked);
    if (before !== undefined) return { state: "asked", deployment: before };
    if (maintenance !== undefined) {
      const barrier = { state: "maintenance", reason: maintenance } as const;
      return { state: "kept-out", barrier, deployment: failed };
    }
    // What is live now is not what this card tells of: going back from it needs a new thought.
    const later = (await ledger.list(failed.environment, recent)).find(
      (one) => one.id > failed.id && one.state !== "active" && one.evidence.merge !== undefined,
    );
    if (later !== undefined) return { state: "overtaken", deployment: later };

    const rollback = rollbackOf(failed, wayBack, requester, environment, clock.now());
    const created = await ledger.create(rollback, delivery);
    hint();
    if (created.state === "repeated") return { state: "unknown" };
    if (created.state === "locked" || created.state === "blocked")
      return { state: "kept-out", barrier: created, deployment: failed };
    const { deployment } = created;
    const same = deployment.kind === "rollback" && isTo(deployment, wayBack.build);
    return { state: created.state === "busy" && same ? "asked" : created.state, deployment };
  }
}

function isTo({ target }: Deployment, build: number): boolean {
  return target.from === "build" && target.build === build;
}
