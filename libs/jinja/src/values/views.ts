import { typeError } from '../errors.ts';
import { equals, type Ordering } from './compare.ts';
import { mappingEntries, mappingHas, mappingKeys, mappingSize, type Mapping } from './dict.ts';
import { reprItems } from './text.ts';
import { Instance, Tuple, type Value } from './value.ts';

/** `d.keys()`, `d.values()`, `d.items()`: a live look at a dict. */
export class DictView extends Instance {
  constructor(
    readonly kind: 'keys' | 'values' | 'items',
    readonly mapping: Mapping,
  ) {
    super();
  }
  get typeName(): string {
    return `dict_${this.kind}`;
  }
  override truthy(): boolean {
    return this.length() > 0;
  }
  override length(): number {
    return mappingSize(this.mapping);
  }
  override *iterate(): Iterable<Value> {
    if (this.kind === 'keys') yield* mappingKeys(this.mapping);
    else
      for (const [key, value] of mappingEntries(this.mapping))
        yield this.kind === 'values' ? value : new Tuple([key, value]);
  }
  override contains(item: Value): boolean {
    if (this.kind === 'keys') return mappingHas(this.mapping, item);
    for (const own of this.iterate()) if (equals(own, item)) return true;
    return false;
  }
  /** Views of keys and items are sets. */
  private isSet(): boolean {
    return this.kind !== 'values';
  }
  private isPartOf(other: DictView): boolean {
    for (const item of this.iterate()) if (!other.contains(item)) return false;
    return true;
  }
  override equals(other: Value): boolean {
    if (this === other) return true;
    if (!(other instanceof DictView) || !this.isSet() || !other.isSet()) return false;
    return this.length() === other.length() && this.isPartOf(other);
  }
  override ordered(operator: Ordering, other: Value): boolean | undefined {
    if (!(other instanceof DictView) || !this.isSet() || !other.isSet()) return undefined;
    const [part, whole] = operator.startsWith('<') ? [this, other] : [other, this];
    return (operator.endsWith('=') || part.length() < whole.length()) && part.isPartOf(whole);
  }
  override hashKey(): Value {
    if (this.isSet()) throw typeError(`unhashable type: '${this.typeName}'`);
    return super.hashKey();
  }
  override repr(parents?: readonly object[]): string {
    return `${this.typeName}([${reprItems(this.iterate(), this, parents)}])`;
  }
}

/** `range(start, stop, step)`. */
export class Range extends Instance {
  readonly typeName = 'range';
  readonly size: number;
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    super();
    this.size = Math.max(0, Math.ceil((stop - start) / step));
  }
  override truthy(): boolean {
    return this.size > 0;
  }
  override length(): number {
    return this.size;
  }
  override *iterate(): Iterable<Value> {
    for (let index = 0; index < this.size; index++) yield this.start + index * this.step;
  }
  override contains(item: Value): boolean {
    for (const own of this.iterate()) if (equals(own, item)) return true;
    return false;
  }
  override equals(other: Value): boolean {
    if (!(other instanceof Range) || other.size !== this.size) return false;
    return this.size === 0 || (other.start === this.start && (this.size === 1 || other.step === this.step));
  }
  override repr(): string {
    return `range(${this.start}, ${this.stop}${this.step === 1 ? '' : `, ${this.step}`})`;
  }
  override attribute(name: string): Value | undefined {
    return name === 'start' || name === 'stop' || name === 'step' ? this[name] : undefined;
  }
}

/** A Python iterator: can be walked once, is always true, has no length. */
export class OneShot extends Instance implements Iterator<Value>, Iterable<Value> {
  private readonly source: Iterator<Value>;
  /** @param typeName what Python calls it: `generator`, `list_reverseiterator`, … */
  constructor(
    source: Iterable<Value>,
    readonly typeName: string = 'generator',
  ) {
    super();
    this.source = source[Symbol.iterator]();
  }
  next(): IteratorResult<Value, undefined> {
    const step = this.source.next();
    return step.done === true ? { done: true, value: undefined } : { done: false, value: step.value };
  }
  [Symbol.iterator](): this {
    return this;
  }
  override iterate(): Iterable<Value> {
    return this;
  }
}
