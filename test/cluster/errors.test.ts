import { ApiException } from "@kubernetes/client-node";
import { toServiceError } from "../../src/cluster/errors.ts";

const refused = (code: number, message: string) =>
  toServiceError(
    new ApiException(code, "refused", JSON.stringify({ message }), {}),
    "kubernetes",
    "Reading helmreleases/web in apps",
    "none",
  );

test("a permission that is gone is named as RBAC has it", () => {
  const rbac =
    'helmreleases.helm.toolkit.fluxcd.io "web" is forbidden: User "system:serviceaccount:omnibot:omnibot" cannot get resource "helmreleases" in API group "helm.toolkit.fluxcd.io" in the namespace "apps"';
  expect(refused(403, rbac)).toMatchObject({
    trouble: "denied",
    message:
      "omnibot lacks the permission to get helmreleases.helm.toolkit.fluxcd.io in the namespace apps",
  });
});

test("of the core group and of the whole cluster, too", () => {
  const rbac =
    'pods is forbidden: User "omnibot" cannot list resource "pods" in API group "" at the cluster scope';
  expect(refused(403, rbac).message).toBe(
    "omnibot lacks the permission to list pods in the whole cluster",
  );
});

test("what somebody else forbids keeps its own words", () => {
  expect(refused(403, "the gateway does not like you").message).toBe(
    "Reading helmreleases/web in apps: the gateway does not like you",
  );
});
