import { examinePipeline } from "../azure/examine-pipeline.ts";
import { causes } from "../deployment/causes.ts";
import { azureCheck } from "./azure.ts";
import { failed, ok, shared, warning, type Check } from "./check.ts";
import type { EnvironmentSubject } from "./subject.ts";

/** Whether omnibot can build: everything of the pipeline but a run. */
export function checksOfPipeline({
  environment,
  clients,
  settings,
}: EnvironmentSubject): readonly Check[] {
  const { name, build } = environment;
  const examination = shared(async () => examinePipeline(clients.pipelines(environment)));
  const pipeline = shared(async () => (await examination()).pipeline());
  const head = shared(async () => (await examination()).head());
  const at = { environment: name };
  const who =
    settings.azureDevOpsToken === undefined
      ? "Add omnibot's identity (AZURE_IDENTITY) to the organization as a user with Basic access: Organization settings, Users."
      : "AZURE_DEVOPS_TOKEN must be valid, for this organization, with the scopes Build (read and execute) and Code (read).";
  return [
    {
      ...at,
      id: "pipeline.sign-in",
      about: "sign-in to Azure DevOps",
      needs: settings.azureDevOpsToken === undefined ? [azureCheck] : [],
      async find() {
        await (await examination()).signIn();
        return ok(`${build.organization} knows omnibot`);
      },
      remedies: {
        denied: who,
        unreachable: `Check build.organization, and let omnibot reach it. ${who}`,
        invalid: `Check build.organization. ${who}`,
      },
    },
    {
      ...at,
      id: "pipeline.definition",
      about: "the pipeline",
      needs: ["pipeline.sign-in"],
      async find() {
        const found = await pipeline();
        if (found === undefined)
          return failed(
            `there is no pipeline ${build.pipeline} in ${build.project} that omnibot may see`,
            'Check build.project and build.pipeline (definitionId in its address), and allow omnibot "View builds" and "View build pipeline" there.',
          );
        if (found.held !== undefined)
          return failed(
            `pipeline ${build.pipeline} is ${found.held}`,
            'Enable it in Azure DevOps: the pipeline, Settings, "Processing of new run requests".',
          );
        return ok(`pipeline ${build.pipeline} of ${build.project} takes runs`);
      },
      remedies: {
        invalid:
          "Check build.project and build.pipeline: the pipeline's id is definitionId in its address.",
        denied:
          'Allow omnibot "View builds" and "View build pipeline" on the pipeline, and the project.',
      },
    },
    {
      ...at,
      id: "pipeline.branch",
      about: "the branch to build",
      needs: ["pipeline.definition"],
      async find() {
        const commit = await head();
        if ("code" in commit) return failed(commit.detail, causes[commit.code].remedy);
        return ok(
          `${build.branch} is at ${commit.id.slice(0, 7)}${commit.message === undefined ? "" : `, "${commit.message}"`}`,
        );
      },
      remedies: {
        denied:
          "Allow omnibot to read the repository that the pipeline builds (Azure Repos: Reader; GitHub: contents, read).",
        invalid:
          "Check build.branch; the pipeline must build a repository of Azure Repos or GitHub.",
      },
    },
    {
      ...at,
      id: "pipeline.queue",
      about: "the right to start a run",
      needs: ["pipeline.definition"],
      async find() {
        const found = await pipeline();
        const may = found && (await (await examination()).mayQueue(found));
        if (may === true) return ok("omnibot may queue builds");
        if (may === undefined)
          return warning(
            "Azure DevOps does not tell whether omnibot may queue builds",
            'Look at the pipeline\'s Security: "Queue builds" must be Allow for omnibot.',
          );
        return failed(
          "omnibot may not queue builds",
          'Pipeline, Security: set "Queue builds" to Allow for omnibot\'s identity.',
        );
      },
    },
    {
      ...at,
      id: "pipeline.configure",
      about: "the right to set parameters",
      needs: ["pipeline.definition"],
      async find() {
        const found = await pipeline();
        const may = found && (await (await examination()).mayConfigure(found));
        if (may !== false) return ok("omnibot may say what the parameters of a run are");
        return warning(
          "omnibot may not set free-text parameters and variables of a run, such as its mark",
          'Pipeline, Security: set "Edit queue build configuration" to Allow for omnibot\'s identity.',
        );
      },
    },
    {
      ...at,
      id: "pipeline.stop",
      about: "the right to stop a run",
      needs: ["pipeline.definition"],
      async find() {
        const found = await pipeline();
        const may = found && (await (await examination()).mayStop(found));
        if (may !== false) return ok("omnibot may stop builds");
        return warning(
          "omnibot may not stop builds: `cancel` leaves a run going",
          'Pipeline, Security: set "Stop builds" to Allow for omnibot\'s identity.',
        );
      },
    },
    {
      ...at,
      id: "pipeline.preview",
      about: "a run with its parameters",
      needs: ["pipeline.branch", "pipeline.queue"],
      async find() {
        const commit = await head();
        if ("code" in commit) return failed(commit.detail, causes[commit.code].remedy);
        const said = await (await examination()).preview(commit.id);
        const marked = {
          parameter: "with its mark",
          variable: "with its mark",
          none: "without a mark",
        }[build.marker.kind];
        const parameters = Object.entries(build.parameters).map(
          ([key, value]) => `${key}=${value}`,
        );
        if (said.length === 0)
          return ok(
            `Azure DevOps would start it ${marked}${parameters.length === 0 ? "" : `, ${parameters.join(", ")}`}`,
          );
        return failed(said.join("\n"), remedyOfPreview(said.join(" "), build));
      },
      remedies: {
        invalid: causes["run-not-started"].remedy,
        denied: 'Pipeline, Security: set "Queue builds" to Allow for omnibot\'s identity.',
      },
    },
  ];
}

/** What Azure DevOps says against a run mostly names the parameter. */
function remedyOfPreview(said: string, build: EnvironmentSubject["environment"]["build"]): string {
  const { marker } = build;
  if (marker.kind === "parameter" && said.includes(`'${marker.name}'`))
    return `Declare the parameter ${marker.name} in the pipeline (infra/azure-pipelines), or choose another build.marker.`;
  const named = Object.keys(build.parameters).find((name) => said.includes(`'${name}'`));
  if (named !== undefined)
    return `Declare the parameter ${named} with this value in the pipeline (infra/azure-pipelines), or change build.parameters.`;
  if (marker.kind === "variable" && said.includes(marker.name))
    return `Let the variable ${marker.name} be set at queue time, or choose another build.marker.`;
  return causes["run-not-started"].remedy;
}
