import fc, { type Arbitrary } from 'fast-check';

/** A piece of template text: fixed, or chosen anew in every template. */
export type Part = string | Arbitrary<string>;

const asArbitrary = (part: Part): Arbitrary<string> => (typeof part === 'string' ? fc.constant(part) : part);

/** Parts one after the other. */
export function seq(...parts: readonly Part[]): Arbitrary<string> {
  return fc.tuple(...parts.map(asArbitrary)).map((texts) => texts.join(''));
}

/** One of the words of a list. */
export function word(list: string): Arbitrary<string> {
  return fc.constantFrom(...list.split(' '));
}

/** One of several parts. */
export function either(...parts: readonly Part[]): Arbitrary<string> {
  return fc.oneof(...parts.map(asArbitrary));
}

/** Between `min` and `max` parts with `separator` between them. */
export function many(part: Arbitrary<string>, separator: string, min = 0, max = 3): Arbitrary<string> {
  return fc.array(part, { minLength: min, maxLength: max }).map((texts) => texts.join(separator));
}

/** The part, or nothing. */
export function maybe(part: Part): Arbitrary<string> {
  return either('', part);
}

/** The first part wherever the grammar is deep already, else any of them. */
export function nested(
  depth: fc.DepthIdentifier,
  leaf: Arbitrary<string>,
  ...parts: readonly Part[]
): Arbitrary<string> {
  return fc.oneof({ maxDepth: 2, depthIdentifier: depth }, leaf, ...parts.map(asArbitrary));
}
