import { postText } from "../../sandbox/bot-connector/threads.ts";
import type { SandboxPerson } from "../../sandbox/people.ts";
import type { Story } from "./harness.ts";

/** What somebody said, and what became of it. */
export interface Often {
  readonly id: string;
  readonly thread: string;
  /** What omnibot has answered so far, in words. */
  readonly answers: () => readonly string[];
}

let messages = 1_800_000_000_000;

/** A message in a thread of its own, delivered twice more while the first delivery is in work, and once more after its answer. */
export async function sayOften(story: Story, who: SandboxPerson, text: string): Promise<Often> {
  const id = String((messages += 1));
  const again = () => story.teams.redeliver(id, "same-id");
  const [said, ...others] = await Promise.all([
    story.teams.say(who, text, { id }),
    again(),
    again(),
  ]);
  const refused = [said, ...others].filter(({ status }) => status !== 200);
  if (refused.length > 0) throw new Error(`"${text}" was not taken`);
  const thread = said.threadId;
  const answers = () =>
    story.teams
      .thread(thread)
      .filter((post) => post.fromBot)
      .map((post) => postText(post).replaceAll("**", ""));
  await story.until(`an answer to "${text}"`, () => answers().length > 0);
  await again();
  return { id, thread, answers };
}
