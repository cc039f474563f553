import { ServiceError } from "../deployment/service-error.ts";
import { firstWords } from "../deployment/words.ts";

/** What came out of a check. `warning`: it works, and will not always. `off`: there is nothing to check here. */
export type Finding =
  | { readonly state: "ok" | "off"; readonly found: string }
  | { readonly state: "warning" | "failed"; readonly found: string; readonly remedy: string };

/** Something to find out, without changing anything. */
export interface Check {
  /** Stable, and unique in its environment: `registry.image`. */
  readonly id: string;
  /** Missing where it is about the whole installation. */
  readonly environment?: string;
  /** A few words for people: "the image in the registry". */
  readonly about: string;
  /** What it builds upon: ids of the same environment, or of the installation. Without them it is not tried. */
  readonly needs?: readonly string[];
  /** A ServiceError, and any other, is a failure with its words. */
  readonly find: () => Finding | Promise<Finding>;
  /** What to do when a service refuses omnibot, cannot be reached, or does not take what it was asked. */
  readonly remedies?: Partial<Readonly<Record<ServiceError["trouble"], string>>>;
}

export interface Result {
  readonly id: string;
  readonly environment?: string;
  readonly about: string;
  readonly state: Finding["state"] | "untried";
  readonly found: string;
  readonly remedy?: string;
}

/** The longest that one check may take, in milliseconds. */
export const usualPatience = 20_000;

/** Tries everything side by side, each bounded by `patience`. Never fails; the results come in the order of the checks. */
export async function examine(
  checks: readonly Check[],
  patience = usualPatience,
): Promise<readonly Result[]> {
  const begun = new Map<string, Promise<Result>>();
  const keyOf = (id: string, environment: string | undefined) => `${environment ?? ""} ${id}`;
  const neededBy = ({ needs = [], environment }: Check) =>
    needs.flatMap(
      (id) => begun.get(keyOf(id, environment)) ?? begun.get(keyOf(id, undefined)) ?? [],
    );

  for (const check of checks) {
    const { id, environment, about } = check;
    // What a check needs stands before it in the list.
    const needed = Promise.all(neededBy(check));
    const result = needed.then(async (all): Promise<Result> => {
      const place = { id, ...(environment === undefined ? {} : { environment }), about };
      const missing = all.find(({ state }) => state === "failed" || state === "untried");
      if (missing !== undefined)
        return { ...place, state: "untried", found: `not tried: it needs ${missing.about}` };
      return { ...place, ...(await find(check, patience)) };
    });
    begun.set(keyOf(id, environment), result);
  }
  return Promise.all(begun.values());
}

async function find(check: Check, patience: number): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    const found = `no answer in ${patience / 1000} seconds`;
    const remedy = remedyOf(check, "unreachable");
    timer = setTimeout(() => resolve({ state: "failed", found, remedy }), patience);
  });
  try {
    return await Promise.race([Promise.resolve().then(check.find), late]);
  } catch (error) {
    return failure(check, error);
  } finally {
    clearTimeout(timer);
  }
}

function failure(check: Check, error: unknown): Finding {
  if (error instanceof ServiceError)
    return { state: "failed", found: error.message, remedy: remedyOf(check, error.trouble) };
  const words = error instanceof Error ? firstWords(error.message) : "";
  return {
    state: "failed",
    found: words === "" ? "this could not be tried" : words,
    remedy: remedyOf(check, "invalid"),
  };
}

function remedyOf({ remedies = {} }: Check, trouble: ServiceError["trouble"]): string {
  return remedies[trouble] ?? usualRemedies[trouble];
}

const usualRemedies: Readonly<Record<ServiceError["trouble"], string>> = {
  denied: "Check omnibot's credentials and rights there.",
  unreachable: "Check the address, and the way there: name, proxy, firewall, network policy.",
  throttled:
    "omnibot asks too much at the moment, or somebody with the same credentials does. Try again later.",
  invalid:
    "Read the words of the service; something in omnibot.yaml or the environment does not fit.",
};

/** Does the work once, however many checks build upon it. */
export function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => (begun ??= work());
}

export function ok(found: string): Finding {
  return { state: "ok", found };
}

export function off(found: string): Finding {
  return { state: "off", found };
}

export function warning(found: string, remedy: string): Finding {
  return { state: "warning", found, remedy };
}

export function failed(found: string, remedy: string): Finding {
  return { state: "failed", found, remedy };
}
