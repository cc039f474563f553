import { withoutNetwork } from "../without-network.ts";
import { gitops, head, hub, mergeCommit, root } from "./answers.ts";

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
