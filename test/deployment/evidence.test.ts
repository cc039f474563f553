import { withEvidence } from "../../src/deployment/evidence.ts";
import { digest, environment } from "./fakes.ts";

const image = { tag: "production-40672", digest, digests: [digest] };
const rolling = { pods: 3, podsReady: 1 };

describe("the chain of evidence", () => {
  test("P10 keeps of every link when it became known, and who said so", () => {
    const seen = withEvidence({}, { image }, environment, 1000);
    expect(seen).toEqual({
      image,
      witnesses: { image: { at: 1000, source: "omnispatial.azurecr.io/omnispatial/web" } },
    });
  });

  test("a link that says nothing new keeps its time; one that does is witnessed anew", () => {
    const first = withEvidence({}, { image, rollout: rolling }, environment, 1000);
    const second = withEvidence(
      first,
      { image: { ...image }, rollout: { pods: 3, podsReady: 3 } },
      environment,
      2000,
    );
    expect(second.witnesses?.image?.at).toBe(1000);
    expect(second.witnesses?.rollout?.at).toBe(2000);
  });

  test("what an earlier version wrote without times stays as it is", () => {
    expect(withEvidence({ image }, {}, environment, 1000)).toEqual({ image });
  });
});
