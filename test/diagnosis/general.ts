import { setTimeout as delay } from "node:timers/promises";
import { alex } from "../../sandbox/people.ts";
import type { Deployment } from "../../src/deployment/deployment.ts";
import type { Parts } from "../../src/omnibot.ts";
import type { Case } from "./case.ts";
import type { Stage } from "./stage.ts";

const deployers = "6d8e0f3a-1c52-4b7d-9e64-2a9f5b3c7d10";

/** What can end a deployment whatever it is about. */
export const generalCases: readonly Case[] = [
  {
    cause: "permission-withdrawn",
    config: (production) => void (production["permissions"] = { deploy: [`group:${deployers}`] }),
    before: ({ world }) => void world.graph.groups.set(deployers, new Set([alex.aadObjectId])),
    approved: async ({ world }) => {
      world.graph.groups.delete(deployers);
      // What Entra said is good for a minute.
      const asked = world.graph.standIn.journal.at(-1)?.at ?? 0;
      while (Date.now() < asked + 61_000) await delay(5);
    },
    decidable: ({ saved }) => [...saved.values()].some(({ approvals }) => approvals.length > 0),
    words: ["Alex Wilber may not deploy to production any more."],
  },
  {
    cause: "timed-out",
    scenario: "slow",
    config: (production) => void (production["deadlines"] = { build: "20s" }),
    decidable: ({ saved }) =>
      [...saved.values()].some(({ progress }) =>
        progress.some(
          ({ step, startedAt = Infinity }) => step === "build" && Date.now() >= startedAt + 20_000,
        ),
      ),
    words: [/Stage 1 of 2|Waits for an agent/],
  },
  {
    cause: "service-refused",
    approved: ({ world }) => {
      const status = { kind: "Status", status: "Failure", code: 400, message: "no such field" };
      const headers = { "content-type": "application/json" };
      const answer = { status: 400, headers, body: JSON.stringify(status) };
      world.kubernetes.standIn.faults.push({ path: "/helmreleases", times: 1e9, answer });
    },
    decidable: ({ merged }) => merged,
    words: ["no such field"],
  },
  {
    cause: "internal-error",
    between: (parts) => ({
      ...parts,
      worldOf: (environment) => ({ ...parts.worldOf(environment), registry: { resolve: broken } }),
    }),
    decidable: isAt("verify-image"),
    first: ["omnibot met a situation that it does not know; its log says more. Tries again"],
    words: [],
  },
  {
    cause: "step-unknown",
    speed: 120,
    between: rowsOfAnother((deployment) => ({
      ...deployment,
      progress: deployment.progress.map((one) =>
        one.step === "verify-image" ? { ...one, step: "scan-image", title: "Scan" } : one,
      ),
    })),
    decidable: isAt("scan-image"),
    first: ['knows no step "scan-image". Waits for one that does, for 10 min at most.'],
    words: ["Git was not changed"],
  },
  {
    cause: "environment-unknown",
    speed: 120,
    between: rowsOfAnother((deployment) =>
      isAtStep(deployment, "build") ? { ...deployment, environment: "production-eu" } : deployment,
    ),
    decidable: isAt("build"),
    first: ['This omnibot has no environment "production-eu" in its configuration.'],
    words: ["Git was not changed"],
  },
];

function broken(): never {
  throw new TypeError("Cannot read properties of undefined (reading 'digest')");
}

/** omnibot finds the rows as another version, or one of another configuration, left them. */
function rowsOfAnother(change: (deployment: Deployment) => Deployment): (parts: Parts) => Parts {
  return (parts) => ({
    ...parts,
    ledger: {
      ...parts.ledger,
      async claim(owner, now, until) {
        const claim = await parts.ledger.claim(owner, now, until);
        return claim && { ...claim, deployment: change(claim.deployment) };
      },
    },
  });
}

function isAt(step: string): (stage: Stage) => boolean {
  return (stage) => {
    return [...stage.saved.values()].some((deployment) => isAtStep(deployment, step));
  };
}

function isAtStep({ progress }: Deployment, name: string): boolean {
  return progress.some(({ step, state }) => step === name && state === "running");
}
