import { examine, type Check, type Result } from "./check.ts";
import { checksOfCluster } from "./cluster.ts";
import { checksOfGitOps } from "./gitops.ts";
import { checksOfHealth } from "./health.ts";
import { checksOfInstallation } from "./installation.ts";
import { checksOfPeople } from "./people.ts";
import { checksOfPipeline } from "./pipeline.ts";
import { checksOfRegistry } from "./registry.ts";
import { readSubject, type Subject, type SubjectOptions } from "./subject.ts";
import { checksOfTeams } from "./teams.ts";

export interface Examination {
  readonly results: readonly Result[];
  /** 0: all is well, or works with warnings. 1: something failed. 2: the configuration itself cannot be used. */
  readonly code: 0 | 1 | 2;
}

/** Reads the configuration and tries everything that omnibot needs against the live services, without changing anything. */
export async function examineAll(
  options: SubjectOptions & { readonly within?: number },
): Promise<Examination> {
  const { subject, checks } = readSubject(options);
  if (subject === undefined) return { results: await examine(checks), code: 2 };
  const results = await examine([...checks, ...checksOf(subject)], options.within);
  return { results, code: results.some(({ state }) => state === "failed") ? 1 : 0 };
}

/** In this order they are told; what a check needs stands before it. */
function checksOf(subject: Subject): readonly Check[] {
  const environments = Object.values(subject.config.environments);
  return [
    ...checksOfInstallation(subject),
    ...checksOfTeams(subject),
    ...environments.flatMap((environment) => {
      const one = { ...subject, environment };
      const { checks: gitops, readTag } = checksOfGitOps(one);
      return [
        ...checksOfPeople(one),
        ...checksOfPipeline(one),
        ...gitops,
        ...checksOfRegistry(one, readTag),
        ...checksOfCluster(one, readTag),
        ...checksOfHealth(one, readTag),
      ];
    }),
  ];
}
