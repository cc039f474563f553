import { verify } from "@octokit/webhooks-methods";
import { z } from "zod";
import type { Hint, Hook } from "../deployment/hints.ts";

const repository = z.object({ full_name: z.string() }).transform((one) => one.full_name);
const push = z.object({ ref: z.string(), repository });
const pull = z.object({ repository, pull_request: z.object({ number: z.int().positive() }) });
/** A status or a check belongs to a commit, which may be the head of any pull request. */
const check = z.object({ repository });

/**
 * A webhook of GitHub, signed over its very bytes (`X-Hub-Signature-256`). The name of the event stands in a header that is not
 * signed: the worst that a wrong one does is a look for nothing.
 */
export function createGitHubHook(secret: string): Hook {
  return async ({ headers, body }) => {
    const text = body.toString("utf8");
    const signature = headers["x-hub-signature-256"];
    if (typeof signature !== "string" || signature === "" || text === "")
      return { state: "refused" };
    if (!(await verify(secret, text, signature))) return { state: "refused" };
    const hints = hintsOf(String(headers["x-github-event"]), text);
    return hints === undefined ? { state: "unreadable" } : { state: "heard", hints };
  };
}

function hintsOf(event: string, text: string): readonly Hint[] | undefined {
  const value: unknown = parse(text);
  switch (event) {
    case "push": {
      const said = push.safeParse(value);
      if (!said.success) return undefined;
      const branch = /^refs\/heads\/(.+)$/.exec(said.data.ref)?.[1];
      if (branch === undefined) return [];
      // A merge shows up as a push before anything else.
      const where = { repository: said.data.repository };
      return [
        { about: "branch", ...where, branch },
        { about: "change", ...where },
      ];
    }
    case "pull_request":
    case "pull_request_review": {
      const said = pull.safeParse(value);
      if (!said.success) return undefined;
      const { repository: name, pull_request: request } = said.data;
      return [{ about: "change", repository: name, pullRequest: request.number }];
    }
    case "check_run":
    case "check_suite":
    case "status": {
      const said = check.safeParse(value);
      return said.success ? [{ about: "change", repository: said.data.repository }] : undefined;
    }
    default:
      return [];
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
