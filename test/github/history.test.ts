import { troubleOf } from "../trouble.ts";
import { withoutNetwork } from "../without-network.ts";
import * as given from "./answers.ts";

const { contents, gitops, gitopsConfig, head, hub, mainHead, root } = given;

withoutNetwork({ allAsked: true });

const query = { sha: "main", path: gitopsConfig.file, per_page: 30 };

function listed(headers: Record<string, string>, ...commits: object[]): void {
  hub().get(`${root}/commits`).query(query).reply(200, commits, headers);
}

function asked(etag: string) {
  return hub().get(`${root}/commits`).matchHeader("if-none-match", etag).query(query);
}

describe("P17 the history of the file", () => {
  test("is its commits, newest first, with who made them and where they are", async () => {
    listed({}, given.commit(head, "By hand"), given.commit(mainHead, "Deploy 40655"));
    expect(await gitops().readFileCommits()).toEqual([
      {
        commit: {
          id: head,
          message: "By hand",
          author: "adele",
          at: Date.parse("2026-10-01T09:00:00Z"),
          url: `https://github.com/omnispatial/gitops/commit/${head}`,
        },
        at: Date.parse("2026-10-01T09:00:00Z"),
      },
      { commit: expect.objectContaining({ id: mainHead }), at: expect.any(Number) },
    ]);
  });

  test("is not sent again while nothing changed", async () => {
    const watched = gitops();
    listed({ etag: 'W/"1"' }, given.commit(mainHead, "Deploy 40655"));
    const first = await watched.readFileCommits();
    asked('W/"1"').reply(304, "", { etag: 'W/"1"' });
    expect(await watched.readFileCommits()).toEqual(first);
    asked('W/"1"').reply(200, [given.commit(head, "By hand")], { etag: 'W/"2"' });
    expect(await watched.readFileCommits()).toMatchObject([{ commit: { id: head } }]);
    asked('W/"2"').reply(304, "", { etag: 'W/"2"' });
    expect(await watched.readFileCommits()).toMatchObject([{ commit: { id: head } }]);
  });

  test("that cannot be read is trouble, and forgets nothing", async () => {
    const watched = gitops();
    listed({ etag: 'W/"1"' }, given.commit(mainHead, "Deploy 40655"));
    await watched.readFileCommits();
    asked('W/"1"').reply(502);
    expect(await troubleOf(watched.readFileCommits())).toMatchObject({ trouble: "unreachable" });
    asked('W/"1"').reply(304);
    expect(await watched.readFileCommits()).toMatchObject([{ commit: { id: mainHead } }]);
  });

  test("tells the tag at each commit, or why it cannot be read there", async () => {
    const file = given.file(given.release("production-40612"));
    hub().get(contents).query({ ref: head }).reply(200, file);
    expect(await gitops().readTagAt(head)).toEqual({
      state: "read",
      tag: "production-40612",
      release: { name: "omnispatial-web", namespace: "omnispatial" },
    });
    hub().get(contents).query({ ref: head }).reply(200, given.file("a: b: c"));
    expect(await gitops().readTagAt(head)).toMatchObject({ code: "yaml-invalid" });
    hub().get(contents).query({ ref: head }).reply(404, given.says("Not Found"));
    expect(await gitops().readTagAt(head)).toMatchObject({ code: "file-not-found" });
  });
});
