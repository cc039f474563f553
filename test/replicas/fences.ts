import { setTimeout as delay } from "node:timers/promises";
import type { Fault, StandIn } from "../../sandbox/stand-in.ts";
import type { Version } from "../../sandbox/bot-connector/threads.ts";
import { cardText } from "../../sandbox/card-text.ts";
import { until, type Fleet, type Replica } from "./fleet.ts";
import { deployOnce, plainHabits, type Place, type Told } from "./people.ts";

export interface Played {
  readonly told: Told;
  /** Why it does not count: the moment was missed. */
  readonly missed?: string;
}

/** A process that stands still in the worst of moments, while another one goes on, and then believes that nothing happened. */
export interface Fence {
  readonly name: string;
  readonly play: () => Promise<Played>;
}

const patience = 60_000;
/** Until a request or an answer that was let go has arrived, in milliseconds. */
const aMoment = 200;

export function fencesOf(place: Place, fleet: Fleet): readonly Fence[] {
  const { world, teams, witness } = place;
  const { azureDevOps } = world;

  /** Freezes whoever makes this request, on the way there or back, until others have done without it. */
  async function freezeAt(
    environment: string,
    standIn: StandIn,
    request: Pick<Fault, "path"> & { readonly method: string; readonly at: "request" | "answer" },
    who: (environment: string) => Promise<Replica | undefined>,
    othersWentOn: (thread: string) => boolean | Promise<boolean>,
    after: (thread: string) => Promise<string | undefined> = () => Promise.resolve(undefined),
  ): Promise<Played> {
    const gate = Promise.withResolvers<void>();
    const { method, path, at } = request;
    const fault: Fault = { method, path, times: 1, gate: { at, open: gate.promise } };
    let begun = false;
    const story = deployOnce(place, environment, plainHabits, () => {
      standIn.faults.push(fault);
      begun = true;
    });
    await until(() => begun && fault.times === 0, patience);
    const frozen = await who(environment);
    frozen?.freeze();
    const thread = await newestThread();
    const went = await until(() => othersWentOn(thread), patience);
    gate.resolve();
    await delay(aMoment);
    frozen?.thaw();
    const told = await story;
    if (frozen === undefined) return { told, missed: "nobody held it" };
    const missed = went ? await after(thread) : "nobody else went on";
    return missed === undefined ? { told } : { told, missed };
  }

  async function newestThread(): Promise<string> {
    return teams.posts().findLast((post) => post.fromBot)?.threadId ?? "";
  }

  /** How the card looked, from the first to the last. */
  function cardOf(thread: string): readonly Version[] {
    return teams.thread(thread).find((post) => post.latest.card !== undefined)?.versions ?? [];
  }

  async function lineOf(thread: string) {
    const [line] = await witness.deployments(thread);
    return line;
  }

  return [
    {
      name: "stands still between looking for the run and starting it",
      play() {
        const before = azureDevOps.runs.length;
        const request = { method: "GET", path: "/_apis/build/builds$", at: "answer" as const };
        return freezeAt("production", azureDevOps.standIn, request, fleet.holderOf, () =>
          Promise.resolve(azureDevOps.runs.length > before),
        );
      },
    },
    {
      name: "stands still between reading the run and saving what it says",
      play() {
        const request = { method: "GET", path: "/_apis/build/builds/\\d+$", at: "answer" as const };
        return freezeAt("staging", azureDevOps.standIn, request, fleet.holderOf, async (thread) => {
          const step = (await lineOf(thread))?.step;
          return step !== "build" && step !== "approve";
        });
      },
    },
    {
      name: "stands still while its edit of the card is on its way, which arrives after the last one",
      play() {
        const request = { method: "PUT", path: "/activities/", at: "request" as const };
        const overtaken = (thread: string) => cardOf(thread).some(isOver);
        // The late edit is drawn over as soon as the one who sent it is awake again.
        return freezeAt(
          "testing",
          teams.standIn,
          request,
          fleet.drawerOf,
          overtaken,
          async (thread) => {
            const arrived = () =>
              cardOf(thread)
                .slice(cardOf(thread).findIndex(isOver))
                .some((shown) => !isOver(shown));
            const mended = () => isOver(cardOf(thread).at(-1));
            if (!(await until(arrived, patience))) return "no edit arrived late";
            return (await until(mended, patience)) ? undefined : "an old picture stays";
          },
        );
      },
    },
  ];
}

function isOver(shown: Version | undefined): boolean {
  return / is live/.test(cardText(shown?.card));
}
