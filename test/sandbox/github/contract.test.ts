import { existsSync, readFileSync } from "node:fs";
import { OpenApi } from "./openapi.ts";
import {
  awaitMerge,
  mergeAsync,
  path as file,
  propose,
  readMain,
  readRelease,
  repo,
  type Sandbox,
  startSandbox,
} from "./fixture.ts";
import { sandboxToken } from "../../../sandbox/github/github.ts";

const description = "../shared/specs/github-subset.json";
const present = existsSync(description);
if (!present) {
  console.log(
    `skipped: GitHub's stand-in against its OpenAPI description (${description} is absent)`,
  );
}

(present ? describe : describe.skip)(
  "GitHub's stand-in, against GitHub's OpenAPI description",
  () => {
    let sandbox: Sandbox;

    beforeEach(async () => {
      sandbox = await startSandbox();
    });

    afterEach(() => sandbox.close());

    test("every answer of a deployment's life has the described form", async () => {
      const openApi = new OpenApi(readFileSync(description, "utf8"));
      const root = "/repos/{owner}/{repo}";
      const seen: string[] = [];
      const problems: string[] = [];
      const ask = async (method: string, route: string, values: object = {}, body?: object) => {
        const all: Record<string, unknown> = { ...repo, ...values };
        const path = route.replaceAll(/\{(\w+)\}/g, (_, name) =>
          encodeURIComponent(String(all[name])),
        );
        const query = new URLSearchParams();
        for (const [key, value] of Object.entries(values)) {
          if (!route.includes(`{${key}}`)) query.set(key, String(value));
        }
        const response = await fetch(`${sandbox.github.url}${path}?${query.toString()}`, {
          method,
          headers: { authorization: `Bearer ${sandboxToken}`, "content-type": "application/json" },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        seen.push(`${method} ${route.replace(root, "")} ${response.status}`);
        const json = text === "" ? null : JSON.parse(text);
        problems.push(...openApi.checkAnswer(method.toLowerCase(), route, response.status, json));
        return json;
      };

      const base = await readMain(sandbox);
      const made = await propose(sandbox, "omnibot/d-1", "production-40672");
      const pull = { pull_number: made.number };
      sandbox.github.rules.checks.set("kubeconform", "success");
      await ask("GET", `${root}/git/ref/{ref}`, { ref: "heads/main" });
      await ask("GET", `${root}/git/ref/{ref}`, { ref: "heads/none" });
      await ask("POST", `${root}/git/refs`, {}, { ref: "refs/heads/two", sha: base });
      await ask("POST", `${root}/git/refs`, {}, { ref: "refs/heads/two", sha: base });
      await ask("DELETE", `${root}/git/refs/{ref}`, { ref: "heads/none" });
      await ask("DELETE", `${root}/git/refs/{ref}`, { ref: "heads/two" });
      await ask("GET", `${root}/contents/{path}`, { path: file, ref: "main" });
      await ask("GET", `${root}/contents/{path}`, { path: "clusters/operations", ref: "main" });
      await ask("GET", `${root}/contents/{path}`, { path: "none" });
      const content = Buffer.from("x\n").toString("base64");
      const write = { message: "x", content, branch: "omnibot/d-1" };
      await ask("PUT", `${root}/contents/{path}`, { path: "new.txt" }, write);
      await ask("PUT", `${root}/contents/{path}`, { path: "new.txt" }, write);
      await ask("PUT", `${root}/contents/{path}`, { path: "new.txt" }, { ...write, sha: base });
      const { sha } = await readRelease(sandbox, "omnibot/d-1");
      await ask("PUT", `${root}/contents/{path}`, { path: file }, { ...write, sha });
      await ask("GET", `${root}/commits`, { path: file, sha: "main", per_page: 2 });
      await ask("GET", `${root}/commits/{ref}/check-runs`, { ref: "main" });
      await ask("GET", `${root}/rules/branches/{branch}`, { branch: "main" });
      await ask("GET", `${root}/pulls`, { state: "all" });
      await ask("GET", `${root}/pulls/{pull_number}`, pull);
      await ask("GET", `${root}/pulls/{pull_number}/merge`, pull);
      await ask("POST", `${root}/pulls`, {}, { head: "omnibot/d-1", base: "main", title: "again" });
      await ask("PUT", `${root}/pulls/{pull_number}/merge`, pull, { sha: base });
      await ask("PUT", `${root}/pulls/{pull_number}/merge`, pull, { merge_method: "none" });
      const accepted = await ask("PUT", `${root}/pulls/{pull_number}/merge-async`, pull, {
        merge_method: "squash",
      });
      const { uuid } = accepted.details;
      await ask("PUT", `${root}/pulls/{pull_number}/merge-async`, pull);
      await ask("GET", `${root}/pulls/{pull_number}/merge-async/{uuid}`, { ...pull, uuid });
      await awaitMerge(sandbox, made.number, uuid);
      await ask("GET", `${root}/pulls/{pull_number}/merge-async/{uuid}`, { ...pull, uuid });
      await ask("PUT", `${root}/pulls/{pull_number}/merge-async`, pull);
      await ask("PUT", `${root}/pulls/{pull_number}/merge`, pull);
      await ask("GET", `${root}/pulls/{pull_number}/merge`, pull);
      await ask("GET", `${root}/pulls/{pull_number}`, pull);

      const other = await propose(sandbox, "omnibot/d-2", "production-40673");
      await sandbox.octokit.pulls.update({ ...repo, pull_number: other.number, state: "closed" });
      await ask("PUT", `${root}/pulls/{pull_number}/merge-async`, { pull_number: other.number });
      const third = await propose(sandbox, "omnibot/d-3", "production-40674");
      await ask(
        "PUT",
        `${root}/pulls/{pull_number}/merge`,
        { pull_number: third.number },
        { sha: third.head },
      );
      await sandbox.octokit.git.createRef({ ...repo, ref: "refs/heads/four", sha: third.head });
      await ask("POST", `${root}/pulls`, {}, { head: "four", base: "main", title: "four" });

      expect(problems).toEqual([]);
      const statuses = new Set(seen.map((one) => one.split(" ").at(-1)));
      expect([...statuses].toSorted()).toEqual([
        "200",
        "201",
        "202",
        "204",
        "400",
        "404",
        "405",
        "409",
        "422",
      ]);
    }, 60_000);

    test("the check itself finds what is wrong", () => {
      const openApi = new OpenApi(readFileSync(description, "utf8"));
      const route = "/repos/{owner}/{repo}/pulls/{pull_number}";
      expect(openApi.checkAnswer("get", route, 200, { number: "7" }).length).toBeGreaterThan(30);
      expect(openApi.checkAnswer("get", route, 418, {})).toEqual([
        `get ${route} has no answer 418`,
      ]);
    });

    test("mergeAsync answers are one form each", async () => {
      const openApi = new OpenApi(readFileSync(description, "utf8"));
      const made = await propose(sandbox, "omnibot/d-1", "production-40672");
      const { status, data } = await mergeAsync(sandbox, made.number);
      const route = "/repos/{owner}/{repo}/pulls/{pull_number}/merge-async";
      const json = JSON.parse(JSON.stringify(data));
      expect(openApi.checkAnswer("put", route, status, json)).toEqual([]);
      expect(openApi.checkAnswer("put", route, status, { ...json, more: 1 })).toHaveLength(1);
    });
  },
);
