import * as fc from "fast-check";
import type { Deployment } from "../../../src/deployment/deployment.ts";
import { renderHelp } from "../../../src/teams/cards/help.ts";
import { renderCard } from "../../../src/teams/cards/render.ts";
import { renderDeployment, renderStatus } from "../../../src/teams/cards/status.ts";
import { problemsOf, textsOf, verbsOf } from "./card-rules.ts";
import {
  adele,
  alex,
  context,
  deployment,
  everyState,
  megan,
  production,
  proposal,
} from "./deployments.ts";
import { everyCard } from "./every-card.ts";
import { status, statuses } from "./statuses.ts";

function words(row: Deployment): string {
  return textsOf(renderCard(row, context).card).join("\n");
}

describe("every card", () => {
  test.each(everyCard())(
    "keeps the rules of Teams and of Microsoft's parser: $name",
    ({ card }) => {
      expect(problemsOf(card)).toEqual([]);
    },
  );

  test("says in its summary what happened, without markup", () => {
    const summaries = Object.values(everyState).map((row) => renderCard(row, context).summary);
    expect(summaries.join("\n")).not.toMatch(/[*[\]<>]/);
    expect(renderCard(everyState.live, context).summary).toBe("production-40672 is live");
    expect(renderCard(everyState.waiting, context).summary).toBe(
      "Deploy to production? Alex Wilber asks.",
    );
    expect(renderCard(everyState.crashed, context).summary).toBe(
      "production-40672 is not live: The new pods crash on start.",
    );
  });

  test("is a pure picture: the same row at the same time gives the same card", () => {
    for (const row of Object.values(everyState)) {
      expect(renderCard(row, context)).toEqual(renderCard(structuredClone(row), context));
    }
  });
});

describe("the request", () => {
  test("asks before it tells, and names what would ship", () => {
    const text = words(everyState.waiting);
    expect(text).toMatch(
      /^Deploy to production\?\n#128\n\*\*Alex Wilber\*\* asks to ship \*\*main\*\* at \[3f9c2ab\]\(https/,
    );
    expect(text).toContain("production-40655, for 3 days");
    expect(text).toContain("14 commits");
    expect(text).toContain("Serve tiles from the nearest cache · Adele Vance");
    expect(text).not.toContain("long text");
    expect(text).toMatch(/and \[9 more\]\(https:\S+branchCompare\S+\)/);
    expect(text).toContain(
      "Work items\n[#4431](https://dev.azure.com/omnispatial/OmniSpatial/_workitems/edit/4431) The map is slow outside of Europe",
    );
    expect(text).toContain(
      "[#4440](https://dev.azure.com/omnispatial/OmniSpatial/_workitems/edit/4440)",
    );
    expect(text).toContain("(All changes)");
    expect(text).toContain("Waiting for one approval, until 17:42. Not from Alex Wilber.");
  });

  test("says where what would ship is not known, or not counted to the end", () => {
    const unknown = words(everyState["waiting, with nothing known of what would ship"]);
    expect(unknown).toContain("Would ship\nwhich commits, is not known");
    expect(unknown).toContain("Could not be checked: what would ship (no answer in 5 seconds).");
    expect(words(everyState["waiting, with very many changes"])).toMatch(
      /at least 50 commits[^]*and \[more\]\(/,
    );
  });

  test("P7 has no buttons before it says what would ship", () => {
    expect(verbsOf(renderCard(everyState["just asked"], context).card)).toEqual([]);
    expect(verbsOf(renderCard(everyState.waiting, context).card)).toEqual(["approve", "reject"]);
  });

  test("counts what is still needed", () => {
    const two = { ...production, approval: { ...production.approval, required: 2 } };
    const row = deployment({
      evidence: { proposal },
      approvals: [{ person: megan, at: context.now }],
    });
    const { card } = renderCard(row, { ...context, environment: two });
    expect(textsOf(card).join("\n")).toContain(
      "**Megan Bowen** approved. Waiting for one more approval, until 17:42.",
    );
    expect(verbsOf(card)).toEqual(["approve", "reject"]);
  });

  test("counts the people only when it knows all commits", () => {
    const all = { ...proposal, changeCount: 6 };
    expect(words(deployment({ evidence: { proposal: all } }))).toContain("6 commits by 5 people");
  });

  test("warns of what stands in the way, in a few lines, and says what it could not check", () => {
    const warnings = Array.from(
      { length: 7 },
      (_, i) => `Reason ${i} of [main](https://evil.example)`,
    );
    const unchecked = ["the cluster (no answer in 4 seconds)", "the rules of `main`"];
    const text = words(
      deployment({ evidence: { proposal: { ...proposal, warnings, unchecked } } }),
    );
    expect(text.match(/⚠ Reason/g)).toHaveLength(5);
    expect(text).toContain("⚠ Reason 4 of \\[main\\] (https");
    expect(text).toContain("⚠ and 2 more");
    expect(text).toContain(
      "Could not be checked: the cluster (no answer in 4 seconds); the rules of \\`main\\`.",
    );
  });

  test("says aloud that it goes past locks and freezes", () => {
    expect(words(everyState.override)).toContain(
      "⚠ **Goes past locks and freezes:** The \\*pods\\* are burning",
    );
  });

  test("of a rollback names the build to go back to", () => {
    const text = words(everyState["rollback waiting"]);
    expect(text).toContain("Roll back production to 40655?");
    expect(text).toContain("asks to bring back [build 40655](https");
    expect(text).toContain("Takes back\n14 commits");
  });

  test("of a build that exists asks for exactly that", () => {
    expect(words(deployment({ target: { from: "build", build: 40672 } }))).toContain(
      "Deploy 40672 to production?",
    );
  });
});

describe("the progress", () => {
  test("P15 the buttons go away with the decision, before the next step begins", () => {
    for (const [name, row] of Object.entries(everyState)) {
      const open = [
        "waiting",
        "waiting, with nothing known of what would ship",
        "waiting, with very many changes",
        "waiting, with no change",
        "waiting, with warnings",
        "half approved",
        "override",
        "rollback waiting",
      ].includes(name);
      const decisions = verbsOf(renderCard(row, context).card).filter((one) => one !== "rollback");
      expect(decisions).toEqual(open ? ["approve", "reject"] : []);
    }
  });

  test("is one line per step: mark, word, how it went, how long", () => {
    const text = words(everyState["rolling out"]);
    expect(text).toContain(
      "Deploying production-40672\n#128\nAlex Wilber asked, **Megan Bowen approved**. Replaces production-40655.",
    );
    expect(text).toContain("✓\nApprove\nby Megan Bowen at 16:43\n48 s");
    expect(text).toContain(
      "✓\nBuild\n[run 40672](https://dev.azure.com/omnispatial/OmniSpatial/_build/results?buildId=40672) from 3f9c2ab",
    );
    expect(text).toContain("✓\nImage\nin the registry, sha256:9f3c41…");
    expect(text).toContain(
      "✓\nChange\n[pull request 871](https://github.com/omnispatial/gitops/pull/871), one line",
    );
    expect(text).toContain(
      "✓\nMerge\n[a81f0c2](https://github.com/omnispatial/gitops/commit/a81f0c2aa)",
    );
    expect(text).toContain("✓\nFlux\napplied, release 14");
    expect(text).toContain("●\nPods\n2 of 3 ready on 40672\n3 min");
    expect(text).toContain("○\nHealth\n2 checks to come");
    expect(text).toContain("Last look 16:51:00");
    expect(text).toContain("(Run)\n(Pull request)\n(Commit)");
  });

  test("says where to look while the pods are only suspected of something", () => {
    const { progress, evidence } = everyState["rolling out"];
    const suspicion = { code: "crash-loop", detail: "web crashed", since: 0 } as const;
    const suspected = deployment({
      progress: progress.map((one) =>
        one.step === "roll-out"
          ? { ...one, sentence: "2 of 3 ready; suspicion: web crashed" }
          : one,
      ),
      evidence: { ...evidence, rollout: { pods: 3, podsReady: 2, suspicion } },
      approvals: [{ person: megan, at: 0 }],
    });
    expect(words(suspected)).toContain(
      "●\nPods\n2 of 3 ready; suspicion: web crashed. **Look at the log of that container.**\n",
    );
  });

  test("shows a step that it has never heard of by that step's own words", () => {
    const progress = [
      {
        step: "scan",
        title: "Scan",
        state: "done",
        startedAt: 0,
        endedAt: 2000,
        sentence: "nothing found",
      },
      {
        step: "sign",
        title: "Sign",
        state: "running",
        startedAt: 0,
        sentence: "Waits for the signer",
      },
    ] as const;
    expect(words(deployment({ progress, approvals: [{ person: megan, at: 0 }] }))).toMatch(
      /Scan\nnothing found\n2 s\n●\nSign\nWaits for the signer/,
    );
  });

  test("of a rollback says so", () => {
    expect(words(everyState["rolling back"])).toContain("Rolling production back to 40655");
  });
});

describe("the result", () => {
  test("shows the evidence link by link", () => {
    const text = words(everyState.live);
    expect(text).toContain(
      "production-40672 is live\n#128\nAlex Wilber asked, **Megan Bowen approved**. 14 commits in **7 min 58 s**.",
    );
    expect(text).toContain("Image\nsha256:9f3c41… in the registry and on 3 of 3 pods");
    expect(text).toContain("Health\nweb, tiles and login answer well");
    expect(text).toContain("Replaced production-40655, which was live for 3 days.");
  });

  test("of a rollback is live again", () => {
    expect(words(everyState["rolled back"])).toContain("production-40655 is live again");
  });

  test("names the environment when the tag does not", () => {
    const row = deployment({
      ...everyState.live,
      evidence: { image: { tag: "v7", digest: "sha256:1", digests: [] } },
    });
    expect(renderCard(row, context).summary).toBe("v7 is live on production");
  });
});

describe("the failure", () => {
  test("says what is wrong, what was seen, and what to do", () => {
    const text = words(everyState.crashed);
    expect(text).toContain("production-40672 is not live");
    expect(text).toContain("**The new pods crash on start.** web crashes on start (exit code 1).");
    expect(text).toContain(
      "Git wants production-40672 now. To go back: **rollback production 40655**.",
    );
    expect(text).toContain(
      "Error: TILE_CACHE_URL is not set\n\u00a0\u00a0\u00a0\u00a0at config (/app/server.js:41)",
    );
    expect(text).toContain(
      "**What to do:** Read the log, mend the cause, and deploy again, or go back with **rollback**.",
    );
    expect(text).toMatch(
      /✓\nFlux\n.*\n48 s\n✕\nPods\nended here\n34 s\n○\nRest\nHealth was not reached/,
    );
  });

  test("leaves the times out that stand before each line of a log", () => {
    const at = everyState.crashed;
    const lines = [
      "2026-11-26T11:19:09.743Z Error: TILE_CACHE_URL is not set",
      "[2026-11-26 11:19:09,743]   at config",
      "2026-11-26 is a day",
    ];
    const failure = { ...at.failure, code: "crash-loop", step: "roll-out", detail: "" } as const;
    const text = words({ ...at, failure: { ...failure, excerpt: { title: "Log", lines } } });
    expect(text).toContain(
      "Log\nError: TILE_CACHE_URL is not set\n\u00a0\u00a0at config\n2026-11-26 is a day",
    );
  });

  test("before the merge says that Git was not changed", () => {
    expect(words(everyState["build failed"])).toContain(
      "Git was not changed: it still wants production-40655.",
    );
    expect(words(everyState["failed before the proposal"])).toContain(
      "Nothing was deployed to production",
    );
  });

  test("to what is live already says so, though nothing was proposed", () => {
    const target = { from: "build", build: 40655 } as const;
    const failure = { code: "already-live", step: "approve", detail: "" } as const;
    const { summary } = renderCard(
      deployment({ kind: "rollback", target, state: "failed", failure, evidence: {} }),
      context,
    );
    expect(summary).toContain("production-40655 is live already");
  });

  test("offers the way back as a button that carries no build, until somebody has pressed it", () => {
    const row = everyState["crashed, with a way back"];
    const { card } = renderCard(row, context);
    expect(verbsOf(card)).toEqual(["rollback"]);
    expect(JSON.stringify(card)).toContain('"title":"Roll back to 40641"');
    expect(words(row)).toContain("To go back: **rollback production 40641**.");

    const wayBack = { build: 40641, tag: "production-40641", asked: 129 };
    const pressed = { ...row, failure: { ...row.failure, wayBack } } as Deployment;
    expect(verbsOf(renderCard(pressed, context).card)).toEqual([]);
    expect(words(pressed)).toContain("#129 was asked to go back to production-40641.");
    const own = { ...row, failure: { ...row.failure, wayBack: { ...wayBack, automatic: true } } };
    expect(words(own as Deployment)).toContain(
      "**omnibot goes back to production-40641 by itself**, with #129",
    );
  });

  test("names the service that did not answer or refused", () => {
    expect(words(everyState["failed by a service"])).toContain("GitHub does not let omnibot in.");
  });

  test("P18 of a code that another version knew is still told", () => {
    expect(words(everyState["failed with a code of another version"])).toContain(
      "omnibot met a situation that it does not know",
    );
  });
});

describe("a closed request", () => {
  test("says who said no, and why", () => {
    const text = words(everyState.rejected);
    expect(text).toContain("Deploy to production: rejected");
    expect(text).toContain(
      "Alex Wilber asked. **Megan Bowen rejected it** at 16:43.\nThe migration is not ready",
    );
  });

  test("P15 says that it expired", () => {
    expect(words(everyState.expired)).toContain("Nobody approved in time. It ended at 17:42.");
  });
});

describe("words from outside", () => {
  const nasty: readonly (readonly [string, string])[] = [
    ["a link", "[click](https://evil.example)"],
    ["a mention", "<at>Megan Bowen</at>"],
    ["a template", "${secret} {{DATE(2020)}}"],
    ["blocks", "# head\n- item\n> quote"],
    ["formatting", "**bold** _it_ `code` ~s~"],
    ["JSON", '"},{"type":"Image"}'],
    ["invisible characters", "\u202Eevil\u200B"],
    ["a long word", "x".repeat(5000)],
    ["a long text of wide letters", "漢".repeat(3000)],
    ["backslashes", "\\".repeat(500)],
  ];

  test.each(nasty)("stay words wherever they appear: %s", (_, text) => {
    for (const row of Object.values(everyState)) {
      const { card, summary } = renderCard(stained(row, text), context);
      expect(problemsOf(card)).toEqual([]);
      const all = textsOf(card).join("\n") + summary;
      expect(all).not.toMatch(/\]\(https:\/\/evil/);
      expect(all).not.toMatch(/<at>|\{\{|\u202E/i);
    }
  });

  test("never break a card, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.constantFrom(...Object.values(everyState)),
        (text, row) => {
          expect(problemsOf(renderCard(stained(row, text), context).card)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("P13 what looks like a secret is left out", () => {
    const lines = [
      "password=hunter2hunter2",
      "Authorization: Bearer abcdefghijklmnopqrstuvwxyz",
      `token ghp_${"a".repeat(36)}`,
      "postgres://web:swordfish@db/omni",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    ];
    const { failure } = everyState.crashed;
    const row = {
      ...everyState.crashed,
      failure: {
        ...failure,
        code: "crash-loop",
        step: "roll-out",
        detail: "",
        excerpt: { title: "", lines },
      },
    };
    const text = words(row);
    expect(text).not.toMatch(/hunter2|abcdefghij|ghp_|swordfish|eyJ/);
    expect(text.match(/\(hidden\)/g)).toHaveLength(5);
  });
});

describe("addresses", () => {
  test.each([
    "javascript:alert(1)",
    "http://evil.example/",
    "https://user:word@evil.example/",
    "data:text/html,x",
    "not an address",
    "http://127.0.0.1:1/",
  ])("%s is not linked", (url) => {
    const row = {
      ...everyState.building,
      evidence: { ...everyState.building.evidence, run: { id: 1, number: "1", commit: "c", url } },
    };
    const { card } = renderCard(row, context);
    expect(JSON.stringify(card)).not.toContain(url.slice(0, 12));
    expect(problemsOf(card)).toEqual([]);
  });

  test("on this machine are linked in the sandbox only", () => {
    const url = "http://127.0.0.1:4100/run/1";
    const row = {
      ...everyState.building,
      evidence: { ...everyState.building.evidence, run: { id: 1, number: "1", commit: "c", url } },
    };
    const sandbox = {
      ...production,
      build: { ...production.build, organization: "http://127.0.0.1:4100/omnispatial" },
    };
    expect(JSON.stringify(renderCard(row, { ...context, environment: sandbox }).card)).toContain(
      url,
    );
  });
});

test("P10 a result tells its evidence in four lines, and keeps the whole chain for whoever asks", () => {
  const { card } = renderCard(everyState.live, context);
  const text = textsOf(card).join("\n");
  expect(text).toContain(
    "Git\n[a81f0c2](https://github.com/omnispatial/gitops/commit/a81f0c2aa) merged and applied by Flux as release 14",
  );
  const evidence = JSON.stringify(card).split('"id":"evidence"');
  expect(evidence).toHaveLength(2);
  expect(evidence[1]).toMatch(/^,"isVisible":false/);
  expect(JSON.stringify(card)).toContain('"targetElements":["evidence"]');
});

test("P10 says where Flux applied a later commit that holds the merge", () => {
  const { evidence } = everyState.live;
  const sync = { generation: 7, relation: "descendant" as const };
  const { card } = renderCard({ ...everyState.live, evidence: { ...evidence, sync } }, context);
  expect(textsOf(card).join("\n")).toContain("applied by Flux with a later commit as release 14");
});

describe("a change by hand", () => {
  test("P17 is told with who made it, from which tag to which, and its commit; nobody can click", () => {
    const { card, summary } = renderCard(everyState["changed by hand"], context);
    expect(summary).toBe("production-40612 was put into Git by hand");
    const text = textsOf(card).join("\n");
    expect(text).toContain(
      "**diego-siciliani** changed production-40655 to **production-40612** in Git, past omnibot.",
    );
    expect(verbsOf(card)).toEqual([]);
    expect(JSON.stringify(card)).toContain(
      "https://github.com/omnispatial/gitops/commit/29c5301e0",
    );
  });

  test("P17 that several commits made says so", () => {
    const row = everyState["changed by hand"];
    const { edit } = row.evidence;
    if (edit === undefined) throw new Error("no edit");
    const { card } = renderCard({ ...row, evidence: { edit: { ...edit, commits: 3 } } }, context);
    expect(textsOf(card).join("\n")).toContain("past omnibot. The last of 3 commits.");
  });

  test("P17 that is live says that it was put there by hand", () => {
    const { card, summary } = renderCard(everyState["changed by hand, live"], context);
    expect(summary).toBe("production-40612 is live, put there by hand");
    expect(textsOf(card).join("\n")).toContain(
      "[29c5301](https://github.com/omnispatial/gitops/commit/29c5301e0) applied by Flux as release 14",
    );
  });

  test("P17 that failed says what Git wants now, and how to go back", () => {
    const { card, summary } = renderCard(everyState["changed by hand, failed"], context);
    expect(summary).toBe("production-40612 is not live: The image is not in the registry.");
    expect(textsOf(card).join("\n")).toContain(
      "Git wants production-40612 now. To go back: **rollback production 40655**.",
    );
  });

  test("P17 that broke the file says by whom", () => {
    const { card, summary } = renderCard(everyState["broken by hand"], context);
    expect(summary).toMatch(/^The file of production cannot be used any more: /);
    expect(textsOf(card).join("\n")).toContain(
      "**diego-siciliani** changed the file so that it cannot be used, past omnibot.",
    );
  });

  test("P17 is part of the status while it is followed", () => {
    const followed = everyState["changed by hand"];
    const { card } = renderStatus(
      [
        status({
          tag: { wanted: "production-40612", by: "diego-siciliani", byHand: true },
          followed,
        }),
      ],
      { ...context, environments: { production } },
    );
    const text = textsOf(card).join("\n");
    expect(text).toContain("Git wants **production-40612**, by diego-siciliani, past omnibot.");
    expect(text).toContain(
      "#128: production-40612 was put into Git by hand, at Change. diego-siciliani changed it.",
    );
  });
});

describe("the status", () => {
  const environments = { production };

  test("of one environment tells its parts", () => {
    const { card, summary } = renderStatus([status()], { ...context, environments });
    expect(problemsOf(card)).toEqual([]);
    expect(summary).toBe("production is well");
    const text = textsOf(card).join("\n");
    expect(text).toContain("Git wants **production-40655**, for 3 days, by Megan Bowen.");
    expect(text).toContain("✓\nPods\n3 of 3 ready on production-40655");
    expect(text).toContain("✓\nHealth\nweb answers well");
    expect(text).toContain("✓\nFlux\nrelease 14, at main@a81f0c2, 4 min ago");
    expect(text).toContain("Last: **#128**, production-40672, went live 1 min ago.");
    expect(text).not.toContain("Last good");
    expect(text).toContain("(Evidence of #128)");
  });

  test("tells the last good one where the last one is not", () => {
    const [crashed] = statuses["not well"];
    const text = textsOf(renderStatus([crashed], { ...context, environments }).card).join("\n");
    expect(text).toContain("Last: **#128**, production-40672, failed 1 min ago.");
    expect(text).toMatch(/Last good: \*\*production-40641\*\*, proven 3 days ago by #121\./);
  });

  test("P10 an answer that is a partial one says so, names who did not answer, and calls nothing ill", () => {
    const unknown = { state: "unknown", sentence: "not known" } as const;
    const { card, summary } = renderStatus(
      [
        status({
          flux: unknown,
          pods: unknown,
          health: undefined,
          unanswered: ["The cluster", "The health checks"],
        }),
      ],
      { ...context, environments },
    );
    expect(problemsOf(card)).toEqual([]);
    expect(summary).toBe("production is only partly known");
    const text = textsOf(card).join("\n");
    expect(text).toContain(
      "**Partial answer:** The cluster and the health checks did not answer in time.",
    );
    expect(text).toContain("?\nPods\nnot known\n?\nHealth\nnot known");
    expect(text).not.toContain("✕");
  });

  test("P10 of one deployment is its whole chain, each link with its time and source", () => {
    const { card, summary } = renderDeployment(everyState.live, context);
    expect(problemsOf(card)).toEqual([]);
    expect(summary).toBe("#128 production-40672 is live");
    const text = textsOf(card).join("\n");
    for (const link of [
      "Build\n[run 40672](https://dev.azure.com/omnispatial/OmniSpatial/_build/results?buildId=40672) built 3f9c2ab\n16:43:00, Azure DevOps, pipeline 12 of OmniSpatial",
      "Image\nproduction-40672 is sha256:9f3c41…\n16:44:00, omnispatial.azurecr.io/omnispatial/web",
      "Flux\napplied main@a81f0c2, the merge itself, generation 7\n16:47:00, Flux, its Kustomization and HelmRelease",
      "Release\nversion 14 of generation 7\n16:48:00, Flux, the HelmRelease",
      "Pods\n3 of 3 ready on sha256:9f3c41…: omnispatial-web-7c9d5-2xkqv, omnispatial-web-7c9d5-8wz4t, omnispatial-web-7c9d5-m6r9p\n16:49:00, Kubernetes, the pods themselves",
    ]) {
      expect(text).toContain(link);
    }
  });

  test("of a deployment that failed names the link that broke, by its code", () => {
    const { card } = renderDeployment(everyState.crashed, context);
    expect(problemsOf(card)).toEqual([]);
    const text = textsOf(card).join("\n");
    expect(text).toMatch(/✕\nPods\n2 of 3 ready; crash-loop: web crashes on start/);
    expect(text).toContain("○\nHealth\nnot known");
    expect(text.split("✕")).toHaveLength(2);
  });

  test("of a deployment of an earlier version has the times of its steps, and nothing that was not kept", () => {
    const { card } = renderDeployment(everyState["live, by an earlier version"], context);
    expect(problemsOf(card)).toEqual([]);
    const text = textsOf(card).join("\n");
    expect(text).toContain("Image\nproduction-40672 is sha256:9f3c41…\n16:44:48");
    expect(text).toContain("Release\nversion 14\n");
    expect(text).toContain("applied main@a81f0c2, generation 7");
  });

  test("names what is wrong, what is under way, and what is not known", () => {
    const { card, summary } = renderStatus(
      [
        status({
          pods: { state: "ill", sentence: "1 of 3 ready" },
          health: [{ name: "web", ok: false, answer: "503" }],
          active: everyState.building,
          last: undefined,
          problems: ["The registry did not answer."],
        }),
      ],
      { ...context, environments },
    );
    expect(problemsOf(card)).toEqual([]);
    expect(summary).toBe("production is not well, a deployment is under way");
    const text = textsOf(card).join("\n");
    expect(text).toContain("✕\nPods\n1 of 3 ready\n✕\nHealth\nweb 503");
    expect(text).toContain("**Not known:** The registry did not answer.");
    expect(text).toContain(
      "#128: Deploying production-40672, at Build: Task 3 of 5: push image. Alex Wilber asked.",
    );
  });

  test("of many environments is one line each, and stays small", () => {
    const many = Array.from({ length: 60 }, (_, index) =>
      status({ environment: `staging-${index}`, problems: index === 7 ? ["x"] : [] }),
    );
    const { card, summary } = renderStatus(many, { ...context, environments });
    expect(problemsOf(card)).toEqual([]);
    expect(summary).toBe("staging-7 is well as far as is known");
  });
});

describe("the help", () => {
  test("can be copied: it uses the names that are configured", () => {
    const { card } = renderHelp({ production });
    expect(problemsOf(card)).toEqual([]);
    const text = textsOf(card).join("\n");
    expect(text).toContain(
      "**deploy production**\nbuilds main and brings it to production, once somebody else approved",
    );
    expect(text).toContain(
      "**production** needs one approval from 2 people, never from who asked, within 1 h.",
    );
  });

  test("offers in private what can be asked there, and nothing else", () => {
    const { card } = renderHelp({ production }, { inPrivate: true });
    expect(problemsOf(card)).toEqual([]);
    const text = textsOf(card).join("\n");
    expect(text).toContain("what changes something is said in the channel");
    expect(text).toContain("**status production**");
    expect(text).not.toMatch(/\*\*(deploy|rollback|lock|block|cancel|retry)/);
  });
});

/** The row with every text from outside replaced. */
function stained(row: Deployment, text: string): Deployment {
  const { evidence, failure, rejection } = row;
  const person = { ...alex, name: text };
  const commit = { id: text, message: text, author: text, url: text };
  return {
    ...row,
    requester: person,
    approvals: row.approvals.map((approval) => ({ ...approval, person: { ...adele, name: text } })),
    progress: row.progress.map((one) =>
      one.sentence === undefined ? one : { ...one, sentence: text },
    ),
    evidence: {
      ...evidence,
      ...(evidence.proposal && {
        proposal: {
          ...evidence.proposal,
          commit,
          branch: text,
          liveTag: text,
          changes: Array.from({ length: 10 }, () => commit),
          changesUrl: text,
          workItems: Array.from({ length: 10 }, () => ({ id: 1, title: text, url: text })),
        },
      }),
      ...(evidence.run && { run: { ...evidence.run, url: text, commit: text } }),
      ...(evidence.image && { image: { ...evidence.image, tag: text, digest: text } }),
      ...(evidence.merge && { merge: { commit: text, url: text } }),
      ...(evidence.health && {
        health: { ...evidence.health, checks: [{ name: text, ok: true, answer: text }] },
      }),
    },
    ...(failure && {
      failure: {
        ...failure,
        detail: text,
        url: text,
        excerpt: { title: text, lines: Array.from({ length: 50 }, () => text) },
      },
    }),
    ...(rejection && { rejection: { ...rejection, person, reason: text } }),
  };
}
