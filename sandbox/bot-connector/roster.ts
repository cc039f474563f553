import { channel, findPerson, people, type SandboxPerson, team, tenantId } from "../people.ts";
import type { StandIn, StandInAnswer, StandInRequest } from "../stand-in.ts";
import { failure, unknownConversation } from "./failure.ts";
import { channelOf, isChat } from "./threads.ts";

/** Who is in the team, and which channels it has. */
export function addRosterRoutes(standIn: StandIn): void {
  const roster = (pattern: string, answer: (request: StandInRequest) => StandInAnswer) =>
    standIn.route("GET", `/v3/conversations/:conversation${pattern}`, (request) =>
      isKnown(request.params["conversation"]) ? answer(request) : unknownConversation(),
    );

  roster("/members", () => ({ status: 200, json: people.map(writeMember) }));
  roster("/pagedmembers", (request) => {
    const size = Math.max(1, Number(request.query.get("pageSize")) || 200);
    const start = Number(request.query.get("continuationToken")) || 0;
    const members = people.slice(start, start + size).map(writeMember);
    const more = start + size < people.length;
    return {
      status: 200,
      json: { members, ...(more ? { continuationToken: String(start + size) } : {}) },
    };
  });
  roster("/members/:member", (request) => {
    const person = findPerson(request.params["member"] ?? "");
    if (person === undefined)
      return failure(404, "MemberNotFoundInConversation", "Member not found in conversation.");
    return { status: 200, json: writeMember(person) };
  });

  standIn.route("GET", "/v3/teams/:team", (request) => {
    if (request.params["team"] !== team.id) return failure(404, "NotFound", "Team not found.");
    const { id, name, aadGroupId } = team;
    return {
      status: 200,
      json: { id, name, aadGroupId, channelCount: 2, memberCount: people.length },
    };
  });
  standIn.route("GET", "/v3/teams/:team/conversations", (request) => {
    if (request.params["team"] !== team.id) return failure(404, "NotFound", "Team not found.");
    return { status: 200, json: { conversations: [{ id: team.id, name: null }, channel] } };
  });
}

function isKnown(conversation = ""): boolean {
  const id = channelOf(conversation);
  return id === channel.id || id === team.id || isChat(id);
}

function writeMember(person: SandboxPerson) {
  const { id, name, givenName, surname, email, aadObjectId } = person;
  return {
    id,
    name,
    givenName,
    surname,
    email,
    userPrincipalName: email,
    aadObjectId,
    objectId: aadObjectId,
    tenantId,
    userRole: "user",
  };
}
