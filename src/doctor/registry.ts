import { createRegistry } from "../azure/registry.ts";
import type { TagState } from "../deployment/ports.ts";
import { azureCheck } from "./azure.ts";
import { failed, ok, warning, type Check } from "./check.ts";
import type { EnvironmentSubject } from "./subject.ts";

/** Whether omnibot can see the images. It asks for the one that is live, or, where Git does not say, for one that is not. */
export function checksOfRegistry(
  { environment, clients }: EnvironmentSubject,
  readTag: () => Promise<TagState>,
): readonly Check[] {
  const { name, image } = environment;
  const access = {
    entra:
      "Give omnibot's identity the role AcrPull on the registry, or Container Registry Repository Reader where its role assignments are by repository (infra/azure).",
    basic:
      "Check REGISTRY_USERNAME and REGISTRY_PASSWORD, and that this user may pull the repository.",
    anonymous: "The registry wants a sign-in: set image.access to entra or basic.",
  }[image.access];
  return [
    {
      environment: name,
      id: "registry.image",
      about: "the image in the registry",
      needs: image.access === "entra" ? [azureCheck] : [],
      async find() {
        const live = await readTag().catch(() => undefined);
        const tag = live?.state === "read" ? live.tag : undefined;
        const state = await createRegistry(clients.registry(environment)).resolve(
          tag ?? "omnibot-doctor",
        );
        if (tag === undefined) return ok(`${image.repository} can be read`);
        if (state.state === "found") return ok(`${tag} is there, ${state.digest.slice(0, 19)}…`);
        return warning(
          `${image.repository}:${tag} is live, and not in ${image.registry}`,
          "Check image.registry and image.repository. Where the image was removed, there is no way back to it: keep what was live out of the clean-up.",
        );
      },
      remedies: {
        denied: access,
        unreachable: `Check image.registry, and let omnibot reach it. ${access}`,
        invalid: access,
      },
    },
    {
      environment: name,
      id: "registry.tag",
      about: "the form of the tags",
      needs: ["gitops.file"],
      async find() {
        const live = await readTag();
        if (live.state === "failed")
          return failed(live.detail, "Mend what is said about the file.");
        const form = formOf(image.tag, name);
        if (form.test(live.tag)) return ok(`${live.tag} is of the form ${image.tag}`);
        return warning(
          `${live.tag} in Git is not of the form ${image.tag}`,
          "Set image.tag to the form that the pipeline pushes; a tag that was set by hand changes with the first deployment.",
        );
      },
    },
  ];
}

function formOf(tag: string, environment: string): RegExp {
  const parts = tag.split(/(\{\w+\})/).map((part) => {
    if (part === "{environment}") return literal(environment);
    if (part === "{buildId}") return "\\d{1,10}";
    return part === "{buildNumber}" ? "[\\w.-]+" : literal(part);
  });
  return new RegExp(`^${parts.join("")}$`);
}

/** The characters of a tag, of which a dot alone means something else in an expression. */
function literal(text: string): string {
  return text.replaceAll(".", String.raw`\.`);
}
