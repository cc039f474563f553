import { once } from "node:events";
import { createServer } from "node:https";
import { expiredCertificate } from "../../sandbox/app/certificate.ts";
import type { Fault } from "../../sandbox/stand-in.ts";
import type { Case } from "./case.ts";
import type { Stage } from "./stage.ts";

const shortly: NonNullable<Case["config"]> = (production) => {
  production["deadlines"] = { "check-health": "1m" };
};

/** What the application itself can answer. */
export const healthCases: readonly Case[] = [
  {
    cause: "health-failing",
    config: shortly,
    approved: answering({ answer: { status: 503, body: "unavailable" } }),
    decidable: isReleased,
    first: ["web answers 503, expected 200"],
    words: ["production-40672 runs, but not well"],
  },
  {
    cause: "health-unreachable",
    config: shortly,
    approved: ({ world }) => world.app.standIn.shut(),
    decidable: isReleased,
    first: ["web does not answer: connection refused"],
    words: ["production-40672 runs, but not well"],
  },
  {
    cause: "health-certificate",
    async config(production) {
      const server = createServer(expiredCertificate(), (_, response) => response.end("ok"));
      server.listen(0, "127.0.0.1").unref();
      await once(server, "listening");
      const address = server.address();
      const port = typeof address === "object" ? address?.port : undefined;
      production["health"] = [{ name: "web", url: `https://localhost:${port}/healthz` }];
    },
    decidable: isReleased,
    first: ["web certificate not valid: it has expired"],
    words: ["production-40672 runs, but not well"],
  },
  {
    cause: "health-wrong-version",
    approved: answering({
      answer: {
        status: 200,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ status: "ok", version: "production-40655" }),
      },
    }),
    decidable: isReleased,
    first: ["web answers as version production-40655, expected production-40672"],
    words: ["production-40672 runs, but not well"],
  },
];

function answering(fault: Pick<Fault, "answer">): (stage: Stage) => void {
  return ({ world }) =>
    void world.app.standIn.faults.push({ ...fault, path: "/healthz", times: 1e9 });
}

/** From then on the application is asked. */
function isReleased({ saved }: Stage): boolean {
  return [...saved.values()].some(({ progress }) =>
    progress.some(({ step, state }) => step === "check-health" && state !== "pending"),
  );
}
