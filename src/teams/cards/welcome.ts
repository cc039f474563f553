import type { Environment } from "../../config/config.ts";
import type { Rendered } from "./render.ts";
import { expand } from "./template.ts";
import { escaped } from "./text.ts";

interface WelcomeView {
  readonly examples: readonly { readonly command: string; readonly text: string }[];
  readonly summary: string;
}

/** What omnibot is for, in two examples that can be copied; `help` says the rest. */
export function renderWelcome(environments: Readonly<Record<string, Environment>>): Rendered {
  const [first] = Object.values(environments);
  const name = escaped(first?.name ?? "production", 60);
  const branch = escaped(first?.build.branch ?? "main", 60);
  const view: WelcomeView = {
    examples: [
      {
        command: `@omnibot deploy ${name}`,
        text: `shows what of ${branch} would ship, and brings it live once somebody else approved`,
      },
      { command: `@omnibot status ${name}`, text: "tells what runs now, and how well" },
    ],
    summary: "omnibot is here: it brings builds live from this channel",
  };
  return { card: expand("welcome", view), summary: view.summary };
}
