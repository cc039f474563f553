/** An image reference, `[registry/]repository[:tag][@digest]`, taken apart. */
export interface Image {
  readonly name: string;
  readonly tag: string | undefined;
}

export function parseImage(reference: string): Image {
  const [named = ""] = reference.split("@", 1);
  const colon = named.lastIndexOf(":");
  // A colon before the last slash belongs to the registry's port.
  if (colon <= named.lastIndexOf("/")) return { name: named, tag: undefined };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}

/** Whether a reference is of this repository, whatever registry or mirror it is pulled through. */
export function isOf(reference: string, repository: string): boolean {
  const { name } = parseImage(reference);
  return name === repository || name.endsWith(`/${repository}`);
}

/** The digest in a container's imageID: `repository@sha256:…`, or the bare `sha256:…` of older runtimes. */
export function digestIn(imageId: string): string | undefined {
  return /sha256:[0-9a-f]{64}$/.exec(imageId)?.[0];
}

/** A tag for people: its number where it ends in one (`production-40672` is 40672). */
export function shortTag(tag: string): string {
  const number = /(?:^|[-_.])(\d{3,})$/.exec(tag)?.[1];
  return number ?? (tag.length > 40 ? `${tag.slice(0, 39)}…` : tag);
}

/** Two tags for people, whole where their numbers alone would not tell them apart. */
export function shortTags(one: string, other: string): readonly [string, string] {
  const short = [shortTag(one), shortTag(other)] as const;
  return short[0] === short[1] ? [one, other] : short;
}
