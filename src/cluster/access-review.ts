import { AuthorizationV1Api, type KubeConfig } from "@kubernetes/client-node";
import { toServiceError } from "./errors.ts";
import { configurationOf, usualPatience } from "./kubernetes.ts";

/** One right, as RBAC names it. */
export interface Right {
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  /** With its subresource behind a slash: `pods/log`. */
  readonly resource: string;
  /** Undefined means the whole cluster. */
  readonly namespace: string | undefined;
  readonly name?: string;
}

/** Asks the API server whether omnibot has a right: everybody may ask that about themselves, and it changes nothing. */
export function createAccessReview(
  kubeConfig: KubeConfig,
  patience = usualPatience,
): (right: Right) => Promise<boolean> {
  const api = new AuthorizationV1Api(configurationOf(kubeConfig, patience));
  return async ({ verb, group, resource: path, namespace, name }) => {
    const [resource = "", subresource] = path.split("/");
    try {
      const { status } = await api.createSelfSubjectAccessReview({
        body: {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectAccessReview",
          spec: {
            resourceAttributes: {
              verb,
              group,
              resource,
              ...(subresource === undefined ? {} : { subresource }),
              ...(namespace === undefined ? {} : { namespace }),
              ...(name === undefined ? {} : { name }),
            },
          },
        },
      });
      return status?.allowed === true;
    } catch (error) {
      throw toServiceError(error, "kubernetes", "Asking for omnibot's rights", "none");
    }
  };
}

/** A right in words: "list pods in omnispatial". */
export function wordsOf({ verb, group, resource, namespace, name }: Right): string {
  const what = group === "" ? resource : `${resource}.${group}`;
  const where = namespace === undefined ? "in the whole cluster" : `in ${namespace}`;
  return `${verb} ${what}${name === undefined ? "" : `/${name}`} ${where}`;
}
