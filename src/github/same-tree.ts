import { isAlias, isMap, isPair, isScalar, isSeq, type Document } from "yaml";

/**
 * Whether two versions of a file say the same everywhere but in one scalar. Nodes are compared, not values: aliases stay
 * aliases, so that a file of a few lines cannot grow to gigabytes on the way.
 */
export function sameButOne(
  before: readonly Document.Parsed[],
  after: readonly Document.Parsed[],
  except: unknown,
): boolean {
  return (
    before.length === after.length &&
    before.every((one, i) => same(one.contents, after[i]?.contents, except))
  );
}

function same(before: unknown, after: unknown, except: unknown): boolean {
  if (before === except)
    return isScalar(before) && isScalar(after) && before.anchor === after.anchor;
  if (before === null || before === undefined) return before === after;
  if (isPair(before)) {
    return (
      isPair(after) &&
      same(before.key, after.key, except) &&
      same(before.value, after.value, except)
    );
  }
  if (isAlias(before)) return isAlias(after) && before.source === after.source;
  if (isScalar(before)) {
    return (
      isScalar(after) &&
      before.source === after.source &&
      before.type === after.type &&
      alike(before, after)
    );
  }
  if ((isMap(before) && isMap(after)) || (isSeq(before) && isSeq(after))) {
    const items: readonly unknown[] = after.items;
    return (
      alike(before, after) &&
      before.items.length === items.length &&
      before.items.every((one, i) => same(one, items[i], except))
    );
  }
  return false;
}

interface Marked {
  readonly tag?: string;
  readonly anchor?: string;
}

function alike(before: Marked, after: Marked): boolean {
  return before.tag === after.tag && before.anchor === after.anchor;
}
