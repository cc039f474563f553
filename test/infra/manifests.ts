import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

const rule = z.object({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }).optional(),
  rules: z.array(rule).optional(),
  roleRef: z.object({ kind: z.string(), name: z.string() }).loose().optional(),
});

export type Manifest = z.infer<typeof manifest>;
export type Rule = z.infer<typeof rule>;

export const kubernetesFolder = join(import.meta.dirname, "../../infra/kubernetes");

/** Every object of a folder of infra/kubernetes, as its files say it. */
export function manifestsOf(folder: string): readonly Manifest[] {
  const path = join(kubernetesFolder, folder);
  return readdirSync(path)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((name) => parseAllDocuments(readFileSync(join(path, name), "utf8")))
    .map((document) => manifest.safeParse(document.toJS()))
    .flatMap(({ data }) => (data === undefined ? [] : [data]));
}

/** What somebody asks of the API server. */
export interface Wish {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** Whether the roles and bindings of these folders grant a wish, as RBAC does it. */
export function rbac(...folders: readonly string[]): (wish: Wish) => boolean {
  const objects = folders.flatMap(manifestsOf);
  const roles = objects.filter(({ kind }) => kind === "Role" || kind === "ClusterRole");
  const bindings = objects.filter(({ kind }) => kind.endsWith("Binding") && kind.includes("Role"));
  return (wish) =>
    bindings.some(({ kind, metadata, roleRef }) => {
      if (kind === "RoleBinding" && metadata?.namespace !== wish.namespace) return false;
      return roles
        .filter((role) => role.kind === roleRef?.kind && role.metadata?.name === roleRef.name)
        .some((role) => (role.rules ?? []).some((one) => grants(one, wish)));
    });
}

function grants(one: Rule, { verb, group, resource, name }: Wish): boolean {
  const named = one.resourceNames === undefined || one.resourceNames.includes(name ?? "");
  return (
    named &&
    one.apiGroups.includes(group) &&
    one.resources.includes(resource) &&
    one.verbs.includes(verb)
  );
}
