import type { Deployment } from "../../deployment/deployment.ts";
import type { GoodBuild } from "../../deployment/history.ts";
import { peopleAndTime, type HistoryContext } from "./history.ts";
import { linked } from "./link.ts";
import type { Rendered } from "./render.ts";
import { expand } from "./template.ts";
import { escaped, plain } from "./text.ts";
import { short } from "./words.ts";

interface ChoiceView {
  readonly title: string;
  readonly intro: string;
  readonly builds: readonly {
    readonly build: string;
    /** The newest commit in it, where it is known. */
    readonly what: string;
    readonly detail: string;
    /** Of the deployment that proved it to run well: all that its button carries. */
    readonly id: number;
  }[];
  readonly note: string;
  readonly summary: string;
}

/** Which build to go back to: the last ones that were proven to run well, each with its button. */
export function renderChoice(builds: readonly GoodBuild[], context: HistoryContext): Rendered {
  const name = context.environment.name;
  const command = `**rollback ${escaped(name, 60)} ${builds[0]?.build ?? 40_655}**`;
  return rendered(name, {
    intro:
      builds.length === 0
        ? `omnibot knows no earlier build that ran well here. If you know one, write for example ${command}.`
        : "These ran well before, newest first. Press one; somebody else approves it.",
    builds: builds.map((one) => ({
      build: String(one.build),
      what: whatOf(one, context),
      detail: peopleAndTime(one.deployment, context),
      id: one.deployment.id,
    })),
    note: builds.length === 0 ? "" : `Another one? Write its number, as in ${command}.`,
  });
}

/** The same card after somebody chose: it says what, and has no buttons any more. */
export function renderChosen({ id, requester, environment, target }: Deployment): Rendered {
  const build = target.from === "build" ? ` **${target.build}**` : " another build";
  return rendered(environment, {
    intro: `${escaped(requester.name, 80)} chose${build}: #${id} asks for it, below in this thread.`,
    builds: [],
    note: "",
  });
}

function rendered(name: string, view: Omit<ChoiceView, "title" | "summary">): Rendered {
  const question = `Which build shall ${plain(name, 60)} go back to?`;
  const whole: ChoiceView = { title: escaped(question), summary: question, ...view };
  return { card: expand("choice", whole), summary: question };
}

function whatOf({ commit }: GoodBuild, { environment }: HistoryContext): string {
  if (commit === undefined) return "";
  const [subject = ""] = (commit.message ?? "").split("\n");
  const link = linked(short(commit.id), commit.url, environment);
  return subject === "" ? link : `${link} ${escaped(subject, 100)}`;
}
