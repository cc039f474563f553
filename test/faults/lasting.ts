import type { Fault, StandIn } from "../../sandbox/stand-in.ts";
import type { Scenario } from "../../sandbox/scenario.ts";
import type { Port } from "./calls.ts";
import type { Cell } from "./cell.ts";
import { answer, forEver, page } from "./faults.ts";
import type { Stage } from "./stage.ts";
import { told, type Tale } from "./tale.ts";

interface Lasting extends Pick<Tale, "ends" | "says" | "why" | "call" | "fault" | "form"> {
  readonly port: Port;
  readonly to: (stage: Stage) => StandIn;
  readonly faults: readonly Omit<Fault, "times">[];
  readonly from?: "approval";
  /** What the build brings. */
  readonly scenario?: Scenario;
}

const devOps = ({ world }: Stage) => world.azureDevOps.standIn;
const registry = ({ world }: Stage) => world.registry.standIn;
const github = ({ world }: Stage) => world.github.standIn;
const kubernetes = ({ world }: Stage) => world.kubernetes.standIn;
const app = ({ world }: Stage) => world.app.standIn;

const signIn = { answer: { status: 203, ...page } };
const redirect = {
  answer: { status: 302, headers: { location: "https://login.microsoftonline.com/" } },
};
const denied = ["failed: service-denied"];
/** Whoever does not answer at all has the whole time of the step, or of the request before it is approved. */
const unreachable = ["failed: service-unreachable", "expired"];

const services = [
  { port: "azure-devops", to: devOps, path: "/", silence: denied },
  { port: "registry", to: registry, path: "/", silence: unreachable },
  { port: "github", to: github, path: "/repos/", silence: unreachable },
  { port: "kubernetes", to: kubernetes, path: "/", silence: unreachable },
] as const;

/** What is wrong and stays wrong: it is waited out for as long as it may be, and then told. */
const lasting: readonly Lasting[] = [
  ...services.flatMap(({ port, to, path, silence }): readonly Lasting[] => [
    {
      port,
      to,
      call: "all",
      fault: "401 for good",
      faults: [{ path, ...answer(401) }],
      from: "approval",
      ends: denied,
      why: /401|sign|token/i,
    },
    {
      port,
      to,
      call: "all",
      fault: "203, sign-in page for good",
      faults: [{ path, ...signIn }],
      from: "approval",
      ends: silence,
      why: /sign-in|203|cannot be used|unknown form|usable/,
    },
  ]),
  {
    port: "azure-devops",
    to: devOps,
    call: "all",
    fault: "302 to the sign-in page for good",
    faults: [{ path: "/", ...redirect }],
    from: "approval",
    ends: denied,
    why: /302/,
  },
  {
    port: "azure-devops",
    to: devOps,
    call: "all",
    fault: "404 of a project that is hidden",
    faults: [
      {
        path: "/OmniSpatial/_apis/",
        ...answer(404, {}, "TF200016: The following project does not exist: OmniSpatial."),
      },
    ],
    ends: ["failed: pipeline-not-found"],
    says: /may see it/,
  },
  {
    port: "azure-devops",
    to: devOps,
    call: "log",
    fault: "502 for good",
    faults: [{ path: "/logs", ...answer(502) }],
    from: "approval",
    scenario: "build-fails",
    ends: ["failed: pipeline-failed"],
    says: /Its log could not be read/,
  },
  {
    port: "github",
    to: github,
    call: "all",
    fault: "404 of a repository that is hidden",
    faults: [{ path: "/repos/omnispatial/gitops", ...answer(404, {}, "Not Found") }],
    ends: denied,
    why: /do not reach it/,
  },
  {
    port: "github",
    to: github,
    call: "all",
    fault: "404 of a repository that is hidden, from the approval",
    faults: [{ path: "/repos/omnispatial/gitops", ...answer(404, {}, "Not Found") }],
    from: "approval",
    ends: denied,
    why: /do not reach it/,
  },
  {
    port: "health",
    to: app,
    call: "endpoint",
    fault: "500 for good",
    faults: [{ path: "/healthz$", ...answer(500) }],
    ends: ["failed: health-failing"],
    says: /answers 500/,
  },
  {
    port: "health",
    to: app,
    call: "endpoint",
    fault: "reset for good",
    faults: [{ path: "/healthz$", reset: "before" }],
    ends: ["failed: health-unreachable"],
    says: /does not answer/,
  },
];

export const lastingCells: readonly Cell[] = lasting.map((one) => {
  const faults = one.faults.map((fault) => ({ ...fault, times: forEver }));
  return told({
    ...one,
    prepare(stage) {
      stage.world.choose(one.scenario ?? "success");
      stage.seen.isWatching = false;
      stage.seen.passes =
        /watching for a while$|answers 500|does not answer|Waits for one approval/;
      for (const fault of faults) fault.times = forEver;
      const arm = () => void one.to(stage).faults.push(...faults);
      return one.from === "approval" ? { approved: arm } : { asked: arm };
    },
    isMet: () => faults.some(({ times }) => times < forEver),
  });
});
