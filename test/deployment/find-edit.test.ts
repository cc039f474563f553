import { findEdit } from "../../src/deployment/find-edit.ts";
import type { Mark } from "../../src/deployment/ledger.ts";
import type { Bad, FileCommit, TagAt } from "../../src/deployment/ports.ts";

const release = { name: "web" };
const broken: Bad = { state: "failed", code: "yaml-invalid", detail: "Line 3." };

/** A history, newest first: what each commit made of the file. */
type History = readonly (readonly [id: string, tag: string | Bad, author?: string])[];

async function find(history: History, mark: Omit<Mark, "place"> | undefined) {
  const read: string[] = [];
  const commits = history.map(([id, , author = "diego"]): FileCommit => ({
    commit: { id, author, message: `Commit ${id}`, url: `https://github.com/commit/${id}` },
    at: 1000,
  }));
  const readTagAt = (commit: string): Promise<TagAt | Bad> => {
    read.push(commit);
    const tag = history.find(([id]) => id === commit)?.[1] ?? broken;
    return Promise.resolve(typeof tag === "string" ? { state: "read", tag, release } : tag);
  };
  const found = await findEdit(commits, mark, { readTagAt });
  return { ...found, read };
}

const at = (commit: string, tag: string, more: object = {}) => ({ commit, tag, ...more });

describe("P17 a change by hand", () => {
  test("of a file that was never looked at is no change: it is where the watch begins", async () => {
    const found = await find(
      [
        ["b", "655"],
        ["a", "641"],
      ],
      undefined,
    );
    expect(found).toEqual({ mark: at("b", "655"), read: ["b"] });
  });

  test("is told with who made it, from which tag to which, and where", async () => {
    const { mark, edit } = await find(
      [
        ["b", "612", "adele"],
        ["a", "655"],
      ],
      at("a", "655"),
    );
    expect(mark).toEqual(at("b", "612"));
    expect(edit).toEqual({
      evidence: {
        commit: "b",
        url: "https://github.com/commit/b",
        author: "adele",
        at: 1000,
        from: "655",
        to: "612",
        commits: 1,
      },
      message: "Commit b",
    });
  });

  test("that touches other lines only is passed over, and costs one look at the file", async () => {
    expect(
      await find(
        [
          ["b", "655"],
          ["a", "655"],
        ],
        at("a", "655"),
      ),
    ).toEqual({
      mark: at("b", "655"),
      read: ["b"],
    });
  });

  test("is told of the commit that changed the tag, not of one after it that did not", async () => {
    const history: History = [
      ["d", "612"],
      ["c", "612", "adele"],
      ["b", "655"],
      ["a", "655"],
    ];
    const { edit } = await find(history, at("a", "655"));
    expect(edit?.evidence).toMatchObject({ commit: "c", author: "adele", from: "655", commits: 3 });
  });

  test("of several between two looks, the one that gave the file its present tag is told, once", async () => {
    const history: History = [
      ["c", "641"],
      ["b", "612", "adele"],
      ["a", "655"],
    ];
    const { edit } = await find(history, at("a", "655"));
    expect(edit?.evidence).toMatchObject({ commit: "c", from: "612", to: "641", commits: 2 });
  });

  test("and a change back between two looks is told as what it is: Flux may have seen both", async () => {
    const history: History = [
      ["c", "655", "adele"],
      ["b", "612"],
      ["a", "655"],
    ];
    const { edit } = await find(history, at("a", "655"));
    expect(edit?.evidence).toMatchObject({ commit: "c", author: "adele", from: "612", to: "655" });
  });

  test("that makes the file unusable is told once, however many commits leave it so", async () => {
    const first = await find(
      [
        ["b", broken],
        ["a", "655"],
      ],
      at("a", "655"),
    );
    expect(first.mark).toEqual(at("b", "655", { broken: "yaml-invalid" }));
    expect(first.edit?.evidence).toMatchObject({ commit: "b", from: "655" });
    expect(first.edit?.evidence.to).toBeUndefined();
    const second = await find(
      [
        ["c", broken],
        ["b", broken],
      ],
      first.mark,
    );
    expect(second.edit).toBeUndefined();
    expect(second.mark).toEqual(at("c", "655", { broken: "yaml-invalid" }));
  });

  test("that mends the file and leaves the tag as it was is no news", async () => {
    const { mark, edit } = await find(
      [
        ["c", "655"],
        ["b", broken],
      ],
      at("b", "655", { broken: "yaml-invalid" }),
    );
    expect(mark).toEqual(at("c", "655"));
    expect(edit).toBeUndefined();
  });

  test("that mends it with another tag is told, from the last tag that could be read", async () => {
    const { edit } = await find(
      [
        ["d", "612"],
        ["c", broken],
        ["b", broken],
      ],
      at("b", "655", { broken: "yaml-invalid" }),
    );
    expect(edit?.evidence).toMatchObject({ commit: "d", from: "655", to: "612" });
  });

  test("of a branch that was rewritten is found by the tag, since the known commit is gone", async () => {
    const { edit } = await find(
      [
        ["y", "612"],
        ["x", "641"],
      ],
      at("a", "655"),
    );
    expect(edit?.evidence).toMatchObject({ commit: "y", from: "641", to: "612" });
    expect(
      (
        await find(
          [
            ["y", "655"],
            ["x", "641"],
          ],
          at("a", "655"),
        )
      ).edit?.evidence,
    ).toMatchObject({ commit: "y", from: "641", to: "655" });
  });
});
