import { alex, bot as botAccount, channel, diego, megan, tenantId } from "../../sandbox/people.ts";
import { postText } from "../../sandbox/bot-connector/threads.ts";
import { deployment, everyState, proposal } from "./cards/deployments.ts";
import { status } from "./cards/statuses.ts";
import { openChannel, type Channel } from "./channel.ts";

let room: Channel;

beforeEach(async () => {
  room = await openChannel();
});

afterEach(async () => {
  await room.close();
});

/** What the bot said in that thread, in words. */
async function said(thread: string): Promise<string[]> {
  await room.settled();
  return room.teams
    .thread(thread)
    .filter((post) => post.fromBot)
    .map(postText);
}

describe("a message", () => {
  test("that asks to deploy becomes a request before Teams has its answer", async () => {
    room.requests.answer = async () => ({ state: "created", deployment: deployment() });
    const {
      status: http,
      threadId,
      messageId,
    } = await room.teams.say(alex, "deploy Production", { nbsp: true, crlf: true });

    expect(http).toBe(200);
    expect(room.requests.asked).toEqual([
      {
        kind: "deploy",
        environment: "production",
        build: undefined,
        requester: { id: alex.aadObjectId, name: "Alex Wilber" },
        delivery: { id: messageId, conversation: threadId, reference: expect.any(String) },
      },
    ]);
    expect(await said(threadId)).toEqual([]);
  });

  test("that asks to roll back names the build", async () => {
    await room.teams.say(alex, "rollback 40655", { alsoMention: [megan] });
    expect(room.requests.asked).toMatchObject([
      { kind: "rollback", environment: undefined, build: 40655 },
    ]);
  });

  test("is answered in its own thread when there is no deployment", async () => {
    room.requests.answer = async () => ({ state: "busy", deployment: everyState.building });
    const { threadId } = await room.teams.say(alex, "deploy production");
    expect(await said(threadId)).toEqual([
      expect.stringMatching(
        /^production is busy with #128, Deploying production-40672; Alex Wilber asked .* ago\. Ask again/,
      ),
    ]);
  });

  test.each([
    [
      { state: "unknown-environment", known: ["production"] },
      "deploy production-40672",
      /Known: production\. Did you mean production|Did you mean \*\*deploy production 40672\*\*/,
    ],
    [
      { state: "which-environment", known: ["production", "staging"] },
      "deploy",
      /Which environment: production and staging/,
    ],
  ] as const)("is answered with what is missing: %j", async (answer, text, words) => {
    room.requests.answer = async () => answer;
    const { threadId } = await room.teams.say(alex, text);
    expect((await said(threadId)).join()).toMatch(words);
  });

  test("P3 that is delivered again is answered once", async () => {
    const { threadId, messageId } = await room.teams.say(alex, "depoly production");
    await room.teams.redeliver(messageId, "same-id");
    await room.teams.redeliver(messageId, "same-id");
    expect(await said(threadId)).toEqual([
      expect.stringContaining("nothing was done. Did you mean"),
    ]);
    expect(room.requests.asked).toEqual([]);
  });

  test.each([
    ["a 429", { status: 429, headers: { "retry-after": "0" } }],
    ["a token that is not taken once", { status: 401 }],
  ])("gets its answer though Teams met it with %s", async (_, answer) => {
    room.teams.faults.push({ method: "POST", path: "/activities$", times: 2, answer });
    const { threadId } = await room.teams.say(alex, "help");
    const end = Date.now() + 5000;
    while (room.teams.counts().posts === 0 && Date.now() < end) await new Promise(setImmediate);
    expect(await said(threadId)).toHaveLength(1);
  });

  test("P3 gets no answer a second time where the first one may have arrived", async () => {
    const answer = { status: 502, after: true };
    room.teams.faults.push({ method: "POST", path: "/activities$", times: 1, answer });
    const { threadId } = await room.teams.say(alex, "help");
    // What is said again would be said by the time that somebody who asked later has an answer.
    for (let later = 0; later < 3; later += 1) {
      const { threadId: other } = await room.teams.say(alex, "help");
      const end = Date.now() + 5000;
      const answered = () => room.teams.thread(other).some((post) => post.fromBot);
      while (!answered() && Date.now() < end) await new Promise(setImmediate);
      expect(answered()).toBe(true);
    }
    expect(await said(threadId)).toHaveLength(1);
  });

  test("asks for help and gets the commands", async () => {
    const { threadId } = await room.teams.say(diego, "hi");
    expect((await said(threadId)).join()).toContain("rollback production 40655");
  });

  test("asks for the status and gets it", async () => {
    room.requests.statuses = async () => [status()];
    const { threadId } = await room.teams.say(diego, "status");
    expect((await said(threadId)).join()).toContain("production is well");
  });

  test("P10 asks for one deployment by its number, and gets its whole chain of evidence", async () => {
    room.requests.deployments = [everyState.live];
    const { threadId } = await room.teams.say(diego, "status #128");
    const words = (await said(threadId)).join();
    expect(words).toContain("#128 production-40672 is live");
    expect(words).toMatch(
      /Commit[^]*Approval[^]*Build[^]*Image[^]*Merge[^]*Flux[^]*Pods[^]*Health/,
    );
  });

  test("P17 keeps how to speak in its channel by itself", async () => {
    await room.teams.say(diego, "status");
    await room.settled();
    const reference = JSON.parse(room.remembered.get(channel.id) ?? "{}");
    expect(reference).toMatchObject({
      serviceUrl: room.teams.serviceUrl,
      conversation: { id: channel.id },
      bot: { id: botAccount.id },
    });
  });

  test("about a deployment that there is not is told so", async () => {
    room.requests.deployments = [];
    const { threadId } = await room.teams.say(diego, "status #999");
    expect((await said(threadId)).join()).toContain("There is no deployment #999 here.");
  });

  test("about an environment that does not exist is told so", async () => {
    room.requests.statuses = async () => undefined;
    const { threadId } = await room.teams.say(diego, "status staging");
    expect((await said(threadId)).join()).toContain(
      "There is no environment “staging”. Known: production.",
    );
  });

  test("without a mention of the bot is left alone", async () => {
    await room.teams.say(alex, "deploy production", { mention: false });
    expect(room.requests.asked).toEqual([]);
  });

  test("that the ledger cannot take is answered with doubt, not with silence", async () => {
    room.requests.ledgerLost = true;
    room.requests.answer = async () => {
      throw new Error("disk full at /var/lib/omnibot");
    };
    const { status: http, threadId } = await room.teams.say(alex, "deploy production");
    expect(http).toBe(200);
    const words = (await said(threadId)).join();
    expect(words).toContain("please say it again");
    expect(words).not.toContain("disk");
  });

  test("P3 is told that it is not certain once, however often it is delivered while the ledger is away", async () => {
    room.requests.ledgerLost = true;
    room.requests.answer = async () => {
      throw new Error("no connection");
    };
    const { threadId, messageId } = await room.teams.say(alex, "deploy production");
    await Promise.all([1, 2, 3].map(() => room.teams.redeliver(messageId, "same-id")));
    expect(await said(threadId)).toEqual([expect.stringContaining("please say it again")]);
  });

  test("that the ledger takes at the second try is answered as if it had been the first", async () => {
    let tries = 0;
    room.requests.answer = async () => {
      tries += 1;
      if (tries === 1) throw new Error("no connection");
      return { state: "busy", deployment: everyState.building };
    };
    const { threadId } = await room.teams.say(alex, "deploy production");
    const end = Date.now() + 5000;
    while (room.requests.asked.length < 2 && Date.now() < end) await new Promise(setImmediate);
    expect(await said(threadId)).toEqual([expect.stringContaining("is busy with #128")]);
    expect(new Set(room.requests.asked.map(({ delivery }) => delivery.id)).size).toBe(1);
  });
});

describe("a click", () => {
  async function card(): Promise<string> {
    const { threadId } = await room.teams.say(alex, "hello");
    await room.settled();
    const post = room.teams.thread(threadId).find((one) => one.fromBot);
    if (post === undefined) throw new Error("there is no card");
    return post.id;
  }

  test("P2 counts for who made it, in the thread where it was made, whatever the card's data say", async () => {
    const id = await card();
    const data = {
      deployment: 128,
      requester: "nobody",
      person: { id: megan.aadObjectId },
      approved: true,
    };
    await room.teams.click(diego, id, "approve", data);
    expect(room.requests.decisions).toEqual([
      {
        deploymentId: 128,
        decision: "approve",
        reason: "",
        person: { id: diego.aadObjectId, name: "Diego Siciliani" },
        conversation: expect.stringMatching(`^${channel.id};messageid=`),
      },
    ]);
  });

  test("that is accepted answers with the new card", async () => {
    const approved = deployment({
      evidence: { proposal },
      approvals: [{ person: { id: megan.aadObjectId, name: "Megan Bowen" }, at: 0 }],
    });
    room.requests.decision = async () => ({ state: "approved", deployment: approved });
    const answer = await room.teams.click(megan, await card(), "approve", { deployment: 128 });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        statusCode: 200,
        type: "application/vnd.microsoft.card.adaptive",
        value: { version: "1.5" },
      },
    });
    expect(JSON.stringify(answer.body)).toContain("Megan Bowen approved");
    expect(JSON.stringify(answer.body)).not.toContain("Action.Execute");
  });

  test("P1 of the requester is refused, and only the requester sees it", async () => {
    room.requests.decision = async () => ({ state: "own-request", deployment: everyState.waiting });
    const before = room.teams.counts();
    const id = await card();
    const answer = await room.teams.click(alex, id, "approve", { deployment: 128 });
    await room.settled();
    expect(answer).toMatchObject({
      status: 200,
      body: {
        statusCode: 200,
        type: "application/vnd.microsoft.activity.message",
        value: "You asked for this deployment yourself; somebody else has to approve it.",
      },
    });
    expect(room.teams.counts()).toEqual({ posts: before.posts + 1, edits: 0 });
  });

  test.each([
    ["not-permitted", "You are not among the people who may decide about production."],
    [
      "not-open",
      "This request does not wait for a decision now. Look at the card again in a moment.",
    ],
    ["expired", "This request has expired. Ask again to deploy."],
    ["already-decided", "Megan Bowen has rejected this already."],
  ] as const)("is refused with a sentence: %s", async (state, sentence) => {
    room.requests.decision = async () => ({ state, deployment: everyState.rejected });
    const answer = await room.teams.click(diego, await card(), "approve", { deployment: 128 });
    expect(answer).toMatchObject({ status: 200, body: { value: sentence } });
  });

  test("P2 that asks to go back counts for who made it, and carries no build", async () => {
    const id = await card();
    room.requests.goBackAnswer = async () => ({ state: "created", deployment: deployment({}) });
    const answer = await room.teams.click(diego, id, "rollback", { deployment: 127, build: 1 });
    expect(answer).toMatchObject({
      status: 200,
      body: { value: "#128 asks for it, below in this thread. Somebody else has to approve it." },
    });
    expect(room.requests.goBacks).toEqual([
      {
        deploymentId: 127,
        requester: { id: diego.aadObjectId, name: "Diego Siciliani" },
        delivery: {
          id: expect.stringMatching(/^click ./),
          conversation: expect.stringMatching(`^${channel.id};messageid=`),
          reference: expect.stringContaining("serviceUrl"),
        },
      },
    ]);
  });

  test.each([
    ["asked", "Alex Wilber has asked for this already, with #128."],
    ["busy", "production is busy with #128. Try again when it has ended."],
    ["overtaken", "#128 has changed production since. Say “rollback” with the number of a build."],
  ] as const)("that asks to go back is answered: %s", async (state, sentence) => {
    room.requests.goBackAnswer = async () => ({ state, deployment: deployment({}) });
    const answer = await room.teams.click(diego, await card(), "rollback", { deployment: 127 });
    expect(answer).toMatchObject({ status: 200, body: { value: sentence } });
  });

  test("P2 P3 that chooses a build counts for who made it, once for its card, and takes the card's buttons away", async () => {
    const id = await card();
    const target = { from: "build", build: 40_655 } as const;
    const chosen = deployment({ kind: "rollback", target });
    room.requests.answer = async () => ({ state: "created", deployment: chosen });
    const click = await room.teams.click(diego, id, "choose", { deployment: 112, build: 1 });
    expect(JSON.stringify(click.body)).toContain("Alex Wilber chose **40655**: #128 asks for it");
    room.requests.answer = async () => ({ state: "repeated", deployment: chosen });
    for (const as of ["same-id", "new-id"] as const)
      expect((await room.teams.redeliver(click.id, as)).body).toEqual(click.body);
    await room.settled();
    expect(room.requests.choices).toHaveLength(3);
    for (const asked of room.requests.choices)
      expect(asked).toEqual({
        deploymentId: 112,
        requester: { id: diego.aadObjectId, name: "Diego Siciliani" },
        delivery: {
          id: `choice ${id}`,
          untilCreated: true,
          conversation: expect.stringMatching(`^${channel.id};messageid=`),
          reference: expect.stringContaining("serviceUrl"),
        },
      });
    const post = room.teams.posts().find((one) => one.id === id);
    expect(post?.edits).toBe(1);
    expect(JSON.stringify(post?.latest.card)).not.toContain("Action.Execute");
  });

  test.each([
    [{ state: "busy", deployment: everyState.building }, /^production is busy with #128/],
    [
      {
        state: "locked",
        lock: { environment: "production", owner: megan, reason: "no_way", since: 0 },
      },
      /^production is locked by Megan Bowen .*: no_way\. unlock production releases it\. Nothing was begun\.$/,
    ],
  ] as const)(
    "that chooses a build is told what is in the way, and may be made again: %j",
    async (answer, words) => {
      const id = await card();
      room.requests.answer = async () => answer;
      const { body } = await room.teams.click(diego, id, "choose", { deployment: 112 });
      expect(body).toMatchObject({ value: expect.stringMatching(words) });
      await room.settled();
      expect(room.teams.posts().find((one) => one.id === id)?.edits).toBe(0);
    },
  );

  test("P3 that is delivered twice is no refusal", async () => {
    const person = { id: megan.aadObjectId, name: "Megan Bowen" };
    const approved = deployment({ evidence: { proposal }, approvals: [{ person, at: 0 }] });
    room.requests.decision = async () => ({ state: "already-decided", deployment: approved });
    const { id, body } = await room.teams.click(megan, await card(), "approve", {
      deployment: 128,
    });
    expect(body).toMatchObject({ type: "application/vnd.microsoft.card.adaptive" });
    expect((await room.teams.redeliver(id, "new-id")).body).toMatchObject({
      type: "application/vnd.microsoft.card.adaptive",
    });
  });

  test("P15 on a card that should have no buttons any more gives that card its true picture, once", async () => {
    room.requests.decision = async () => ({ state: "expired", deployment: everyState.expired });
    const id = await card();
    await room.teams.click(megan, id, "approve", { deployment: 128 });
    await room.teams.click(diego, id, "approve", { deployment: 128 });
    await room.settled();
    const post = room.teams.posts().find((one) => one.id === id);
    expect(post?.edits).toBe(1);
    expect(JSON.stringify(post?.latest.card)).toContain("Deploy to production: expired");
    // It may be the thread's own card, and the picture older than the thread's newest.
    expect(room.spoiled).toEqual([everyState.expired.id]);
  });

  test("P15 on the thread's own card leaves that to whoever draws the thread, so that no older picture comes after a newer one", async () => {
    room.requests.decision = async () => ({ state: "expired", deployment: everyState.expired });
    const id = await card();
    const sent = { card: { state: "sent", posts: 1, at: 0, id, hash: "newest" } };
    room.sent.set(everyState.expired.id, JSON.stringify(sent));
    const { body } = await room.teams.click(megan, id, "approve", { deployment: 128 });
    await room.settled();
    expect(JSON.stringify(body)).toContain("expired");
    expect(room.teams.posts().find((one) => one.id === id)?.edits).toBe(0);
    expect(room.spoiled).toEqual([]);
  });

  test.each([
    ["approve", undefined],
    ["approve", {}],
    ["approve", { deployment: "128" }],
    ["approve", { deployment: -1 }],
    ["approve", { deployment: 1.5 }],
    ["launch", { deployment: 128 }],
    ["reject", { deployment: 128 }],
    ["reject", { deployment: 128, reason: "   " }],
    ["reject", { deployment: 128, reason: "x".repeat(201) }],
  ])("P2 %s with %j decides nothing, and says so", async (verb, data) => {
    const answer = await room.teams.click(megan, await card(), verb, data ?? null);
    expect(answer).toMatchObject({
      status: 200,
      body: { type: "application/vnd.microsoft.activity.message" },
    });
    expect(room.requests.decisions).toEqual([]);
  });

  test("to reject carries its reason", async () => {
    await room.teams.click(megan, await card(), "reject", {
      deployment: 128,
      reason: " not today ",
    });
    expect(room.requests.decisions).toMatchObject([{ decision: "reject", reason: "not today" }]);
  });

  test("that meets an error is answered with a sentence, not with an error", async () => {
    room.requests.decision = async () => {
      throw new Error("secret detail");
    };
    const answer = await room.teams.click(megan, await card(), "approve", { deployment: 128 });
    expect(answer).toMatchObject({
      status: 200,
      body: { statusCode: 200, value: expect.stringContaining("Something went wrong") },
    });
    expect(JSON.stringify(answer)).not.toContain("secret detail");
  });
});

describe("somebody from outside", () => {
  function rosterSays(change: object, times: number): void {
    const json = { id: alex.id, tenantId, userRole: "user", ...change };
    const headers = { "content-type": "application/json" };
    const answer = { status: 200, headers, body: JSON.stringify(json) };
    room.teams.faults.push({ path: "/members/", times, answer });
  }

  test.each([
    ["a guest of the tenant", { userRole: "guest" }],
    ["somebody of another tenant", { tenantId: "22222222-2222-4222-8222-222222222222" }],
  ])("P2 %s can neither ask nor decide, and that is written down", async (_, change) => {
    rosterSays(change, 1);
    const { threadId } = await room.teams.say(alex, "deploy production");
    expect((await said(threadId)).join()).toContain("Guests cannot do that here");
    await room.conversations.post(
      JSON.stringify({
        serviceUrl: room.teams.serviceUrl,
        conversation: { id: threadId },
        bot: { id: "28:bot" },
      }),
      { type: "message", text: "card" },
    );
    const card = room.teams.thread(threadId).at(-1);
    const { body } = await room.teams.click(alex, card?.id ?? "", "approve", { deployment: 128 });
    expect(body).toMatchObject({ value: expect.stringContaining("Guests cannot do that here") });
    expect(room.requests.asked).toEqual([]);
    expect(room.requests.decisions).toEqual([]);
    expect(room.audited).toMatchObject([
      { actor: { id: alex.aadObjectId }, action: "refused:deploy", facts: { because: "guest" } },
      { actor: { id: alex.aadObjectId }, action: "refused:approve", facts: { because: "guest" } },
    ]);
  });

  test("P2 whom the roster does not tell may not act, is told kindly, and may ask again", async () => {
    room.teams.faults.push({ path: "/members/", times: 1, answer: { status: 500 } });
    const { threadId } = await room.teams.say(alex, "deploy production");
    expect((await said(threadId)).join()).toContain(
      "could not check that you are a member of this team, so nothing was done",
    );
    expect(room.requests.asked).toEqual([]);
    expect(room.audited).toMatchObject([{ facts: { because: "roster-unread" } }]);
    await room.teams.say(alex, "deploy production");
    expect(room.requests.asked).toHaveLength(1);
  });

  test("who reads only needs no roster", async () => {
    room.teams.faults.push({ path: "/members/", times: 9, answer: { status: 500 } });
    const { threadId } = await room.teams.say(alex, "help");
    expect((await said(threadId)).join()).toContain("deploy production");
  });

  test("whoever has no Entra object id is not heard", async () => {
    const bot = { ...alex, aadObjectId: "" };
    expect((await room.teams.say(bot, "deploy production")).status).toBe(200);
    expect(room.requests.asked).toEqual([]);
  });
});

describe("in a chat with one person", () => {
  test.each([
    ["hi", "Here you can look"],
    ["status", "production is well"],
    ["history", "Nothing was deployed here yet."],
    ["stats", "production"],
    ["status #128", "#128 production-40672 is live"],
    ["depoly", "Did you mean **deploy**?"],
  ])("%j is answered, without a mention", async (text, words) => {
    room.requests.statuses = async () => [status()];
    room.requests.deployments = [everyState.live];
    const { threadId } = await room.teams.say(diego, text, { personal: true });
    expect((await said(threadId)).join()).toContain(words);
    // A chat is no place to begin a thread in.
    expect([...room.remembered.keys()]).toEqual([]);
  });

  test.each([
    "deploy production",
    "rollback 40655",
    "rollback",
    "lock mine",
    "unlock",
    "block 40672 no",
    "unblock 40672",
    "cancel",
    "retry #128",
  ])("%j is not done, and says where to ask for it", async (text) => {
    const { threadId } = await room.teams.say(alex, text, { personal: true });
    expect(await said(threadId)).toEqual([expect.stringMatching(/^That is for the channel/)]);
    expect(room.requests.asked).toEqual([]);
  });

  test.each(["approve", "rollback", "choose"])(
    "P2 a forged click on %s does nothing",
    async (verb) => {
      const { threadId } = await room.teams.say(megan, "hi", { personal: true });
      await room.settled();
      const card = room.teams.thread(threadId).find((one) => one.fromBot);
      const answer = await room.teams.click(megan, card?.id ?? "", verb, { deployment: 128 });
      expect(answer.body).toMatchObject({ value: expect.stringContaining("for the channel") });
      const { decisions, goBacks, choices } = room.requests;
      expect([...decisions, ...goBacks, ...choices]).toEqual([]);
    },
  );

  test.each([
    ["a guest", 200, { id: "29:x", userRole: "guest" }],
    [
      "somebody of another tenant",
      200,
      { id: "29:x", tenantId: "22222222-2222-4222-8222-222222222222" },
    ],
    ["somebody whom the roster does not tell", 500, {}],
  ])("%s reads nothing", async (_, http, json) => {
    room.requests.statuses = async () => [status()];
    room.teams.faults.push({
      path: "/members/",
      times: 1,
      answer: {
        status: http,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(json),
      },
    });
    const { threadId } = await room.teams.say(diego, "status", { personal: true });
    expect(await said(threadId)).toEqual([
      expect.stringContaining("Only members of the organization"),
    ]);
  });
});

describe("when the app is added to a team", () => {
  async function allSaid(): Promise<string[]> {
    await room.settled();
    return room.teams.posts().map(postText);
  }

  test("omnibot introduces itself once with two examples, however often Teams tells", async () => {
    const told = await room.teams.install();
    for (const id of told) {
      await room.teams.redeliver(id, "same-id");
      await room.teams.redeliver(id, "new-id");
    }
    const [welcome = "", ...more] = await allSaid();
    expect(more).toEqual([]);
    expect(welcome).toMatch(
      /omnibot is here[^]*@omnibot deploy production[^]*@omnibot status production/,
    );
    expect(room.remembered.has(channel.id)).toBe(true);
  });

  test("it says nothing where somebody has spoken to it, and nothing when somebody joins", async () => {
    await room.teams.join(diego);
    expect(await allSaid()).toEqual([]);
    await room.teams.say(alex, "status");
    await room.settled();
    const before = room.teams.counts();
    await room.teams.install();
    await room.settled();
    expect(room.teams.counts()).toEqual(before);
  });

  test("it keeps quiet where the ledger cannot tell whether it has said so", async () => {
    room.requests.ledgerLost = true;
    await room.teams.install();
    expect(await allSaid()).toEqual([]);
  });
});

describe("somebody who is too fast", () => {
  test("is told so once, keeps nobody else from being heard, and is heard again later", async () => {
    for (let n = 0; n < 25; n += 1) await room.teams.say(alex, "help");
    await room.settled();
    const words = () =>
      room.teams
        .posts()
        .filter((post) => post.fromBot)
        .map(postText);
    expect(words().filter((one) => one.includes("more than omnibot can take"))).toHaveLength(1);
    expect(words()).toHaveLength(21);
    const { threadId } = await room.teams.say(megan, "help");
    expect((await said(threadId)).join()).toContain("deploy production");
  });
});
