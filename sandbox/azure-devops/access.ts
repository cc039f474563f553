import type { Route, StandIn, StandInAnswer, StandInRequest } from "../stand-in.ts";
import { Refusal, noProject } from "./errors.ts";
import { organization, project } from "./organization.ts";

/** The application id of Azure DevOps in Entra: the audience of its tokens. */
const audience = "499b84ac-1321-427f-aa17-267ca6975798";

export const sandboxToken = "sandbox-pat";

export interface Identities {
  accepts(token: string, audience: string): boolean;
}

export type AddRoute = (method: string, pattern: string, route: Route) => void;

/** Returns a way to add routes below a project that need a token and answer errors as the service does. */
export function protectedRoutes(standIn: StandIn, identity: Identities | undefined): AddRoute {
  return (method, pattern, route) => {
    standIn.route(method, `/${organization}${pattern}`, async (request) => {
      if (!isSignedIn(request, identity)) return signIn(request);
      try {
        const { project: asked } = request.params;
        if (asked !== undefined && !isProject(asked)) throw noProject(asked);
        return await route(request);
      } catch (error) {
        if (error instanceof Refusal) return error.answer;
        throw error;
      }
    });
  };
}

function isProject(asked: string): boolean {
  return asked === project.id || asked.toLowerCase() === project.name.toLowerCase();
}

/** A personal access token is the password of any user; an Entra token must be for Azure DevOps. */
function isSignedIn(request: StandInRequest, identity: Identities | undefined): boolean {
  const [, scheme, value] = /^(\w+) (.+)$/.exec(request.headers.authorization ?? "") ?? [];
  if (scheme === undefined || value === undefined) return false;
  if (scheme.toLowerCase() === "bearer") return identity?.accepts(value, audience) === true;
  if (scheme.toLowerCase() !== "basic") return false;
  const credentials = Buffer.from(value, "base64").toString("utf8");
  return credentials.slice(credentials.indexOf(":") + 1) === sandboxToken;
}

/**
 * Without a good token the service does not refuse: it answers GET and POST 203 with its sign-in page, and PATCH 401.
 * Source: microsoft/azure-devops-auth-samples#52.
 */
function signIn(request: StandInRequest): StandInAnswer {
  const headers = { "content-type": "text/html; charset=utf-8" };
  if (request.method !== "GET" && request.method !== "POST") {
    const challenge = {
      "www-authenticate":
        'Bearer, Basic realm="https://app.vssps.visualstudio.com/", TFS-Federated',
    };
    return { status: 401, headers: { ...headers, ...challenge }, body: "" };
  }
  const title = "Azure DevOps Services | Sign In";
  const body = `<!DOCTYPE html>\n<html lang="en-US">\n<head><title>${title}</title></head>\n<body><h1>Sign in to your account</h1></body>\n</html>\n`;
  return { status: 203, headers, body };
}
