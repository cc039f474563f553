import * as fc from "fast-check";
import { writeClick, writeMessage } from "../../sandbox/bot-connector/activity.ts";
import { alex, channel, tenantId } from "../../sandbox/people.ts";
import type { GoBack } from "../../src/deployment/going-back.ts";
import type { Decision } from "../../src/deployment/requests.ts";
import { createClicks } from "../../src/teams/clicks.ts";
import { parseCommand } from "../../src/teams/command.ts";
import { knock } from "../../src/teams/gate.ts";
import { mentionsBot, textOf } from "../../src/teams/mention.ts";
import { personOf } from "../../src/teams/person.ts";
import { config, silent } from "./channel.ts";

const runs = { numRuns: 10_000 };
const serviceUrl = "https://smba.trafficmanager.net/emea/";
const place = { serviceUrl, threadId: `${channel.id};messageid=1`, at: 1_790_000_000_000 };
const gate = { teams: config.teams, anonymous: false };
const guid = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/;

/** What somebody would try first. */
const evil = fc.constantFrom<unknown>(
  "",
  "__proto__",
  "constructor",
  "\u202e\u0000\u2066",
  "<at>omnibot</at>",
  "${process.env}",
  "9".repeat(400),
  "a".repeat(3000),
  -1,
  2 ** 53,
  1e308,
  null,
  true,
  [],
  {},
  JSON.parse('{"__proto__":{"admin":true}}'),
  { constructor: { prototype: { admin: true } } },
  { toString: "x", valueOf: 1 },
  "22222222-2222-4222-8222-222222222222",
);
const value = fc.oneof(
  evil,
  fc.jsonValue(),
  fc.string({ unit: "binary" }),
  fc.integer(),
  fc.double(),
);
const words = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          ..."deploy rollback status history diff lock unlock block unblock cancel retry help override: to for production staging 40672 #128 2h 99999999999999999999 -1 4o672 \u00a0 \r\n <at>omnibot</at> please".split(
            " ",
          ),
        ),
        fc.string(),
      ),
      { maxLength: 12 },
    )
    .map((all) => all.join(" ")),
);

/** Where a value of an activity may be replaced, however deep. */
function pathsOf(json: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof json !== "object" || json === null) return [path];
  const inner = Object.entries(json).flatMap(([key, one]) => pathsOf(one, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

/** The same activity with some of its values replaced, added or left out. */
function mutated(activity: object): fc.Arbitrary<unknown> {
  const paths = pathsOf(activity);
  const change = fc.record({ path: fc.constantFrom(...paths), value, gone: fc.boolean() });
  return fc.array(change, { maxLength: 4 }).map((changes) => {
    const copy: unknown = JSON.parse(JSON.stringify(activity));
    for (const one of changes) replace(copy, one.path, one.gone ? undefined : one.value);
    return copy;
  });
}

function replace(root: unknown, path: readonly string[], replacement: unknown): void {
  const [last = "", ...before] = path.toReversed();
  let at: unknown = root;
  for (const key of before.toReversed())
    at = typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined;
  if (typeof at !== "object" || at === null) return;
  if (replacement === undefined) Reflect.deleteProperty(at, last);
  else Reflect.set(at, last, replacement);
}

/** As an expectation, where only some cases have anything to expect. */
function hold(isTrue: boolean): void {
  if (!isTrue) throw new Error("this should hold");
}

function letIn(body: unknown) {
  const admission = knock({ serviceUrl, body }, gate);
  if (admission.state === "refused") {
    hold([400, 403].includes(admission.status) && admission.why.length < 400);
    return undefined;
  }
  const { activity } = admission;
  expect(activity.channelId).toBe("msteams");
  expect(activity.serviceUrl).toBe(serviceUrl);
  const tenants = [activity.channelData?.tenant?.id, activity.conversation.tenantId];
  for (const tenant of tenants.filter((one) => one !== undefined && one !== null))
    expect(tenant.toLowerCase()).toBe(tenantId);
  return activity;
}

function expectPlainObjects(): void {
  hold(Object.keys(Object.prototype).length === 0);
  hold(Reflect.get({}, "admin") === undefined);
}

test("P14 10,000 messages that somebody has tampered with are refused, or mean what they say", () => {
  const said = words.chain((text) => mutated(writeMessage(alex, "1", text, {}, place)));
  let heard = 0;
  fc.assert(
    fc.property(said, (body) => {
      const activity = letIn(body);
      if (activity === undefined || activity.type !== "message") return;
      heard += 1;
      const person = personOf(activity);
      if (person !== undefined) {
        hold(guid.test(person.id) && person.id === activity.from.aadObjectId?.toLowerCase());
      }
      if (!mentionsBot(activity)) return;
      const command = parseCommand(textOf(activity));
      for (const number of Object.values(command).filter((one) => typeof one === "number"))
        expect(Number.isSafeInteger(number) && number > 0).toBe(true);
    }),
    runs,
  );
  // Most are tampered with where nobody looks.
  expect(heard).toBeGreaterThan(1000);
  expectPlainObjects();
});

test("P2 10,000 clicks that somebody has tampered with are refused, or decide as who clicked, here, about a number", async () => {
  const decisions: Decision[] = [];
  const goBacks: GoBack[] = [];
  const answer = createClicks({
    config,
    requests: {
      decide: async (asked) => {
        decisions.push(asked);
        return { state: "unknown" };
      },
      goBack: async (asked) => {
        goBacks.push(asked);
        return { state: "unknown" };
      },
      choose: async (asked) => {
        goBacks.push(asked);
        return { state: "unknown" };
      },
    },
    turnedAway: async () => undefined,
    paceOf: () => "fine",
    mend: () => {},
    redraw: () => {},
    clock: { now: () => 0 },
    log: silent,
  });
  const action = fc.record({
    verb: fc.constantFrom("approve", "reject", "rollback", "choose"),
    data: fc.record({ deployment: fc.integer({ min: 1, max: 9 }), reason: words }),
  });
  const clicks = action.chain((one) => mutated(writeClick(alex, "1", one, place)));
  let decided = 0;
  await fc.assert(
    fc.asyncProperty(clicks, async (body) => {
      const activity = letIn(body);
      if (activity === undefined || activity.type !== "invoke") return;
      const { statusCode, type } = await answer(activity, undefined as never);
      expect(statusCode).toBe(200);
      expect(type).toMatch(/^application\/vnd\.microsoft\./);
      for (const one of [...decisions.splice(0), ...goBacks.splice(0)]) {
        decided += 1;
        const { id } = "person" in one ? one.person : one.requester;
        expect(id).toBe(activity.from.aadObjectId?.toLowerCase());
        expect(Number.isSafeInteger(one.deploymentId) && one.deploymentId > 0).toBe(true);
        const where = "conversation" in one ? one.conversation : one.delivery.conversation;
        expect(where).toBe(activity.conversation.id);
        if ("decision" in one) {
          hold(["approve", "reject"].includes(one.decision) && one.reason.length <= 200);
        }
      }
    }),
    runs,
  );
  expect(decided).toBeGreaterThan(1000);
  expectPlainObjects();
}, 120_000);
