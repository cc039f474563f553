import { withoutNetwork } from "../without-network.ts";
import { createOctokit } from "../../src/github/client.ts";
import { readChanges } from "../../src/github/commits.ts";
import { gitops, head, hub, mergeCommit, otherHead, root } from "./answers.ts";

withoutNetwork({ allAsked: true });

function compared(status: number, answer: object): void {
  const path = `${root}/compare/${mergeCommit}...${head}`;
  hub().get(path).query({ per_page: 1 }).reply(status, answer);
}

test.each([
  ["identical", "same"],
  ["ahead", "descendant"],
  ["behind", "ancestor"],
  ["diverged", "apart"],
] as const)("P10 of two commits of which one is %s, the other is %s", async (status, relation) => {
  compared(200, { status, ahead_by: 1, behind_by: 1 });
  expect(await gitops().compare(mergeCommit, head)).toBe(relation);
});

test("P10 a commit that GitHub does not know proves nothing", async () => {
  compared(404, { message: "Not Found" });
  expect(await gitops().compare(mergeCommit, head)).toBe("unknown");
});

test("P10 an answer without a status is no answer", async () => {
  compared(200, { ahead_by: 1 });
  await expect(gitops().compare(mergeCommit, head)).rejects.toMatchObject({
    trouble: "unreachable",
  });
});

test("a commit is itself, without asking anybody", async () => {
  expect(await gitops().compare(head, head)).toBe("same");
});

describe("what one commit of the sources has that another has not", () => {
  const octokit = createOctokit({ auth: { kind: "token", token: "ghp_secret" } });
  const page = `https://github.com/omnispatial/gitops/compare/${mergeCommit}...${head}`;

  function answer(total: number, ids: readonly string[]): void {
    hub()
      .get(`${root}/compare/${mergeCommit}...${head}`)
      .query({ per_page: 100 })
      .reply(200, {
        total_commits: total,
        html_url: page,
        commits: ids.map((sha) => ({
          sha,
          html_url: `https://github.com/omnispatial/gitops/commit/${sha}`,
          author: { login: "adele" },
          commit: {
            message: "Serve tiles",
            author: { name: "Adele Vance" },
            committer: { date: "2026-11-25T12:00:00Z" },
          },
        })),
      });
  }

  test("is told newest first, with a page that shows it all", async () => {
    answer(2, [otherHead, head]);
    const found = await readChanges(octokit, "omnispatial/gitops", mergeCommit, head);
    expect(found).toMatchObject({ count: 2, url: page });
    expect(found?.commits.map((one) => one.id)).toEqual([head, otherHead]);
    expect(found?.commits[0]).toMatchObject({ message: "Serve tiles", author: "adele" });
  });

  test("is only counted where it is very much: GitHub gives the oldest first", async () => {
    answer(340, [otherHead]);
    const found = await readChanges(octokit, "omnispatial/gitops", mergeCommit, head);
    expect(found).toEqual({ commits: [], count: 340, url: page });
  });

  test("is unknown where GitHub does not know one of them", async () => {
    hub()
      .get(`${root}/compare/${mergeCommit}...${head}`)
      .query({ per_page: 100 })
      .reply(404, { message: "Not Found" });
    expect(await readChanges(octokit, "omnispatial/gitops", mergeCommit, head)).toBeUndefined();
  });
});
