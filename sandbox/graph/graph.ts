import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Identity } from "../identity/identity.ts";
import { findPerson } from "../people.ts";
import { StandIn, type StandInAnswer, type StandInRequest } from "../stand-in.ts";

export interface GraphOptions {
  readonly identity: Pick<Identity, "accepts">;
  /** Whether the caller has the application permissions that it needs; it has, unless a scenario says otherwise. */
  readonly permitted?: () => boolean;
}

export interface Graph {
  readonly url: string;
  readonly standIn: StandIn;
  /** Who is in a group: object ids of people, and of other groups. */
  readonly groups: Map<string, Set<string>>;
  close(): Promise<void>;
}

const mostGroups = 20;
const asked = z.object({ groupIds: z.array(z.string()) });

/**
 * Microsoft Graph, as far as it says who is in which group: `POST /users/{id}/checkMemberGroups`, through groups in groups.
 * Source: learn.microsoft.com/graph/api/directoryobject-checkmembergroups.
 */
export async function startGraph({
  identity,
  permitted = () => true,
}: GraphOptions): Promise<Graph> {
  const standIn = new StandIn("graph");
  const groups = new Map<string, Set<string>>();

  standIn.route("POST", "/v1.0/users/:user/checkMemberGroups", (request) => {
    const token = /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "")?.[1] ?? "";
    if (!identity.accepts(token, standIn.url))
      return failure(401, "InvalidAuthenticationToken", "Access token validation failure.");
    if (!permitted())
      return failure(
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
      );
    const body = asked.safeParse(parse(request));
    if (!body.success)
      return failure(400, "Request_BadRequest", "Invalid value specified for property 'groupIds'.");
    const { groupIds } = body.data;
    if (groupIds.length > mostGroups)
      return failure(
        400,
        "Directory_ResultSizeLimitExceeded",
        "The number of group ids exceeds the maximum of 20.",
      );
    const person = findPerson(request.params["user"] ?? "");
    if (person === undefined)
      return failure(
        404,
        "Request_ResourceNotFound",
        `Resource '${request.params["user"]}' does not exist or one of its queried reference-property objects are not present.`,
      );
    return {
      status: 200,
      json: {
        "@odata.context": `${standIn.url}/v1.0/$metadata#Collection(Edm.String)`,
        value: groupIds.filter((id) => isIn(person.aadObjectId, id, new Set())),
      },
    };
  });

  function isIn(who: string, group: string, seen: Set<string>): boolean {
    if (seen.has(group)) return false;
    seen.add(group);
    const members = groups.get(group) ?? new Set<string>();
    return members.has(who) || [...members].some((one) => isIn(who, one, seen));
  }

  const url = await standIn.listen();
  return { url, standIn, groups, close: () => standIn.close() };
}

function failure(status: number, code: string, message: string): StandInAnswer {
  const innerError = {
    date: new Date().toISOString().slice(0, 19),
    "request-id": randomUUID(),
    "client-request-id": randomUUID(),
  };
  return { status, json: { error: { code, message, innerError } } };
}

function parse(request: StandInRequest): unknown {
  try {
    return request.json();
  } catch {
    return undefined;
  }
}
