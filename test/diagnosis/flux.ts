import type { Case } from "./case.ts";
import type { Stage } from "./stage.ts";

/** What Flux and Helm can do to a change that is merged. */
export const fluxCases: readonly Case[] = [
  {
    cause: "flux-suspended",
    name: "Kustomization",
    before: suspend,
    words: ["Kustomization operations is suspended"],
  },
];

function suspend({ world }: Stage): void {
  world.kubernetes.store.update("kustomizations", "flux-system", "operations", (draft) => {
    draft.spec.suspend = true;
  });
}
