import type { Fault, StandIn } from "../../sandbox/stand-in.ts";
import { lease, until, type Fleet, type Replica } from "./fleet.ts";
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

export function fencesOf(place: Place, fleet: Fleet): readonly Fence[] {
  const { world, teams, witness } = place;
  const { azureDevOps } = world;

  /** Freezes whoever makes this request, while it waits for the answer, until others have done without it. */
  async function freezeAt(
    environment: string,
    standIn: StandIn,
    request: Pick<Fault, "method" | "path" | "delay">,
    who: (environment: string) => Promise<Replica | undefined>,
    othersWentOn: (thread: string) => Promise<boolean>,
  ): Promise<Played> {
    const fault: Fault = { ...request, times: 1 };
    let story: Promise<Told> | undefined;
    let begun = false;
    story = deployOnce(place, environment, plainHabits, () => {
      standIn.faults.push(fault);
      begun = true;
    });
    await until(() => begun && fault.times === 0, patience);
    const frozen = await who(environment);
    frozen?.freeze();
    const thread = await newestThread();
    const went = await until(() => othersWentOn(thread), patience);
    frozen?.thaw();
    const told = await story;
    if (frozen === undefined) return { told, missed: "nobody held it" };
    return went ? { told } : { told, missed: "nobody else went on" };
  }

  async function newestThread(): Promise<string> {
    return teams.posts().findLast((post) => post.fromBot)?.threadId ?? "";
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
        const request = { method: "GET", path: "/_apis/build/builds$", delay: 1500 };
        return freezeAt("production", azureDevOps.standIn, request, fleet.holderOf, () =>
          Promise.resolve(azureDevOps.runs.length > before),
        );
      },
    },
    {
      name: "stands still between reading the run and saving what it says",
      play() {
        const request = { method: "GET", path: "/_apis/build/builds/\\d+$", delay: 1500 };
        return freezeAt("staging", azureDevOps.standIn, request, fleet.holderOf, async (thread) => {
          const step = (await lineOf(thread))?.step;
          return step !== "build" && step !== "approve";
        });
      },
    },
    {
      name: "stands still while its edit of the card is on its way, which arrives after the last one",
      play() {
        const late = lease + 4500;
        const request = { method: "PUT", path: "/activities/", delay: late };
        const begun = performance.now();
        return freezeAt("testing", teams.standIn, request, fleet.drawerOf, async (thread) => {
          const line = await lineOf(thread);
          const shown = line !== undefined && line.state === "live" && line.shown >= line.revision;
          return shown && performance.now() - begun > late + 2000;
        });
      },
    },
  ];
}
