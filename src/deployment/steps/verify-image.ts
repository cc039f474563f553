import type { Environment } from "../../config/config.ts";
import type { Deployment } from "../deployment.ts";
import { imageTag } from "../image-tag.ts";
import { known } from "../known.ts";
import { movedTag } from "../proposal.ts";
import { canceled, done, failed, waiting, type Step } from "../step.ts";
import { timeOn } from "../transitions.ts";

/** How long a registry may take to show a tag that was just pushed. */
const grace = 20_000;

/** Proves that the image is in the registry, and records its digest: from here on nothing else counts as this build. */
export const verifyImage: Step = {
  name: "verify-image",
  title: "Image",
  deadline: 10 * 60_000,

  async cancel() {
    return canceled("Git was not changed.");
  },

  async advance(deployment, { world: { registry }, environment, clock }) {
    const tag = wantedTag(deployment, environment);
    if (tag === undefined)
      return failed("tag-invalid", { detail: `${environment.image.tag} gives no valid tag.` });

    const image = await registry.resolve(tag);
    if (image.state === "found") {
      const shown = deployment.evidence.proposal?.digest;
      const moved = movedTag(tag, shown, image.digest, "approved");
      if (moved !== undefined) return failed(moved.code, moved);
      return done(`${tag} is in the registry`, {
        image: { tag, digest: image.digest, digests: image.digests },
      });
    }
    if (timeOn(deployment, clock.now()) < grace)
      return waiting({ seconds: 3 }, `Looks for ${tag} in the registry`);
    const { repository, registry: host } = environment.image;
    return failed("image-not-found", { detail: `${repository}:${tag} is not in ${host}.` });
  },
};

function wantedTag(deployment: Deployment, environment: Environment): string | undefined {
  if (deployment.target.from !== "branch") return known(deployment, "proposal").tag;
  const run = known(deployment, "run");
  return imageTag(environment.image, environment.name, run);
}
