import { known } from "../known.ts";
import { done, failed, type Step } from "../step.ts";

/** Reads what somebody put into Git past omnibot. From here on it is followed like a deployment of omnibot's own. */
export const observe: Step = {
  name: "observe",
  title: "Change",
  deadline: 15 * 60_000,

  appliesTo: ({ kind }) => kind === "observed",

  async advance(deployment, { world: { gitops } }) {
    const { commit, url, from, author } = known(deployment, "edit");
    const file = await gitops.readTagAt(commit);
    if (file.state === "failed") return failed(file.code, { ...file, url });
    return done(`${from} to ${file.tag}, by ${author}`, {
      proposal: { release: file.release, liveTag: from, tag: file.tag },
      merge: { commit, url },
    });
  },
};
