import type { StandInAnswer } from "../stand-in.ts";

/** An answer that ends a route early; routes throw it. */
export class Refusal extends Error {
  readonly answer: StandInAnswer;

  constructor(answer: StandInAnswer) {
    super(`refused with ${answer.status}`);
    this.answer = answer;
  }
}

/** The body of every error of the service: a serialized .NET exception. */
function refusal(
  status: number,
  namespace: string,
  typeKey: string,
  message: string,
  eventId: number,
): Refusal {
  const typeName = `${namespace}.${typeKey}, ${namespace}`;
  const json = {
    $id: "1",
    innerException: null,
    message,
    typeName,
    typeKey,
    errorCode: 0,
    eventId,
  };
  return new Refusal({ status, json });
}

/** The run could not be made of the YAML and what was asked. Form as recorded from the service. */
export function invalidRun(message: string): Refusal {
  return refusal(
    400,
    "Microsoft.Azure.Pipelines.WebApi",
    "PipelineValidationException",
    message,
    3000,
  );
}

export function invalidRequest(message: string): Refusal {
  return refusal(
    400,
    "Microsoft.VisualStudio.Services.Common",
    "VssPropertyValidationException",
    message,
    3000,
  );
}

export function mayNotQueue(): Refusal {
  const message =
    "TF215106: Access denied. omnibot needs Queue builds permissions for build pipeline 12:web in team project OmniSpatial to perform the action. For more information, contact the Azure DevOps Server administrator.";
  return refusal(
    403,
    "Microsoft.TeamFoundation.Build.WebApi",
    "AccessDeniedException",
    message,
    3000,
  );
}

export function noPipeline(id: string): Refusal {
  const message = `Could not find pipeline with ID ${id}.`;
  return refusal(
    404,
    "Microsoft.Azure.Pipelines.WebApi",
    "PipelineNotFoundException",
    message,
    3000,
  );
}

export function noBuild(id: string): Refusal {
  const message = `The requested build ${id} could not be found.`;
  return refusal(
    404,
    "Microsoft.TeamFoundation.Build.WebApi",
    "BuildNotFoundException",
    message,
    3000,
  );
}

export function noDefinition(id: string): Refusal {
  const message = `VS800075: The definition with id ${id} does not exist, or you do not have permission to access it.`;
  return refusal(
    404,
    "Microsoft.TeamFoundation.Build.WebApi",
    "DefinitionNotFoundException",
    message,
    3000,
  );
}

export function finishedBuild(id: number): Refusal {
  const message = `Build ${id} has already completed; its status cannot be changed.`;
  return refusal(
    400,
    "Microsoft.TeamFoundation.Build.WebApi",
    "BuildStatusInvalidChangeException",
    message,
    3000,
  );
}

export function noProject(name: string): Refusal {
  const message = `TF200016: The following project does not exist: ${name}. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.`;
  return refusal(
    404,
    "Microsoft.TeamFoundation.Core.WebApi",
    "ProjectDoesNotExistWithNameException",
    message,
    3000,
  );
}

export function noRepository(name: string): Refusal {
  const message = `TF401019: The Git repository with name or identifier ${name} does not exist or you do not have permissions for the operation you are attempting.`;
  return refusal(
    404,
    "Microsoft.TeamFoundation.Git.Server",
    "GitRepositoryNotFoundException",
    message,
    3000,
  );
}

/** A branch or commit that the repository does not have. */
export function noVersion(kind: "Branch" | "Commit", version: string): Refusal {
  const message = `TF401175: The version descriptor <${kind}: ${version} > could not be resolved to a version in the repository web`;
  return refusal(
    404,
    "Microsoft.TeamFoundation.Git.Server",
    "GitUnresolvableToCommitException",
    message,
    3000,
  );
}
