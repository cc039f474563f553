import { createChannelPlace } from "../../src/teams/channel-place.ts";
import { production } from "../production.ts";

const [first, second] = ["19:first@thread.tacv2", "19:second@thread.tacv2"];
const heard = JSON.stringify({
  serviceUrl: "https://smba.trafficmanager.net/emea/",
  conversation: { id: second, tenantId: "t" },
  bot: { id: "28:bot", name: "omnibot" },
});

function placeOf(known: {
  readonly channel?: string;
  readonly last?: string;
  readonly heardIn?: readonly string[];
  readonly appId?: string;
}) {
  const place = createChannelPlace({
    teams: { tenant: "t", teams: [], channels: [first, second], timeZone: "UTC" },
    appId: known.appId,
    find: (id) => Promise.resolve(known.heardIn?.includes(id) === true ? heard : undefined),
    lastConversation: () => Promise.resolve(known.last),
  });
  return place({ ...production, channel: known.channel });
}

describe("P17 a change by hand is told", () => {
  test("in the channel that the operator named", async () => {
    const last = `${first};messageid=7`;
    expect(await placeOf({ channel: second, last, heardIn: [first, second] })).toMatchObject({
      conversation: second,
    });
  });

  test("else where the environment was deployed last, with the address that was heard there", async () => {
    const place = await placeOf({ last: `${second};messageid=7`, heardIn: [first, second] });
    expect(place?.conversation).toBe(second);
    expect(JSON.parse(place?.reference ?? "")).toEqual(JSON.parse(heard));
  });

  test("else in the first channel", async () => {
    const place = await placeOf({ heardIn: [first] });
    expect(place?.conversation).toBe(first);
    expect(JSON.parse(place?.reference ?? "")).toMatchObject({ conversation: { id: first } });
  });

  test("where nobody has spoken yet, at Teams' public address, as the bot of the configuration", async () => {
    const place = await placeOf({ appId: "11111111-2222-4333-8444-555555555555" });
    expect(JSON.parse(place?.reference ?? "")).toEqual({
      serviceUrl: "https://smba.trafficmanager.net/teams/",
      conversation: { id: first, tenantId: "t" },
      bot: { id: "28:11111111-2222-4333-8444-555555555555" },
    });
  });

  test("nowhere, while a bot without a registration was not spoken to", async () => {
    expect(await placeOf({})).toBeUndefined();
  });
});
