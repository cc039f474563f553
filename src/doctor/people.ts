import { createGroups } from "../azure/groups.ts";
import type { Environment } from "../config/config.ts";
import { groupOf } from "../deployment/policy.ts";
import { azureCheck, namedIn } from "./azure.ts";
import { off, ok, warning, type Check, type Finding } from "./check.ts";
import type { EnvironmentSubject } from "./subject.ts";

/** Graph looks whether omnibot may ask before it looks about whom. */
const nobody = "00000000-0000-4000-8000-000000000000";

/** Whether those who are named can do what they are named for. */
export function checksOfPeople({ environment, clients }: EnvironmentSubject): readonly Check[] {
  const groups = [
    ...new Set(namedIn(environment).flatMap((entry) => groupOf(entry)?.toLowerCase() ?? [])),
  ];
  const somebody = namedIn(environment).find((entry) => groupOf(entry) === undefined) ?? nobody;
  const at = { environment: environment.name };
  return [
    {
      ...at,
      id: "people.approvers",
      about: "who approves",
      find: () => findApprovers(environment.approval),
    },
    {
      ...at,
      id: "people.groups",
      about: "groups of Entra",
      needs: groups.length === 0 ? [] : [azureCheck],
      async find() {
        if (groups.length === 0) return off("people are named one by one");
        await createGroups(clients.groups()).hasMember(groups, somebody);
        return ok(
          `Microsoft Graph says who is in ${groups.length === 1 ? "the group" : `the ${groups.length} groups`}`,
        );
      },
      remedies: {
        denied:
          "Give omnibot's identity the application permissions GroupMember.Read.All and User.ReadBasic.All of Microsoft Graph (docs/setup.md), or name people one by one.",
        unreachable:
          "Let omnibot reach https://graph.microsoft.com: while it does not answer, nobody of a group may do anything.",
        invalid:
          "Check the ids behind group: in omnibot.yaml: they are object ids of Entra groups.",
      },
    },
  ];
}

/** An approver who asks does not count: enough others have to be left. */
function findApprovers({ approvers, required }: Environment["approval"]): Finding {
  const words = required === 1 ? "one approval" : `${required} approvals`;
  if (approvers.some((entry) => groupOf(entry) !== undefined))
    return ok(`${words}; groups are named`);
  const people = new Set(approvers.map((one) => one.toLowerCase())).size;
  if (people - 1 >= required) return ok(`${words}, of ${people} people`);
  return warning(
    `${words}, of ${people}: what one of them asks for, not enough others can approve`,
    "Name more approvers, or a group: whoever asks never approves.",
  );
}
