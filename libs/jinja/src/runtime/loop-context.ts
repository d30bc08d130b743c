import { typeError } from '../errors.ts';
import {
  BoundMethod,
  builtin,
  Callable,
  equals,
  iterate,
  Instance,
  sequenceItems,
  Tuple,
  type Builtin,
  type Kwargs,
  type Runtime,
  type Value,
} from '../values/index.ts';
import { cycle } from './operators.ts';

/** Renders a recursive loop over other items. */
export type Recurse = (items: Value, depth: number) => Value;

/** `loop`, for loops that use more of it than the index. Looks ahead only as far as it is asked to. */
export class LoopContext extends Callable {
  readonly typeName = 'LoopContext';
  readonly name = 'loop';
  current: Value = null;
  private index0 = -1;
  private iterator: Iterator<Value>;
  private knownLength: number | null;
  private before: Value | undefined;
  private after: IteratorResult<Value> | null = null;
  private lastChanged: Tuple | null = null;

  constructor(
    private readonly rt: Runtime,
    source: Value,
    private readonly depth0: number,
    private readonly recurse: Recurse | null,
  ) {
    super();
    this.iterator = iterate(source)[Symbol.iterator]();
    this.knownLength = lengthOf(source);
  }

  override get moduleName(): string {
    return 'jinja2.runtime';
  }

  /** Goes on to the next item; false when there is none. */
  advance(): boolean {
    const step = this.peek();
    this.after = null;
    if (step.done === true) return false;
    this.before = this.index0 < 0 ? undefined : this.current;
    this.current = step.value;
    this.index0++;
    return true;
  }

  private peek(): IteratorResult<Value> {
    return (this.after ??= this.iterator.next());
  }

  override length(): number {
    if (this.knownLength === null) {
      const ahead = this.peek();
      const rest: Value[] = ahead.done === true ? [] : [ahead.value];
      for (let step = this.iterator.next(); step.done !== true; step = this.iterator.next()) rest.push(step.value);
      this.knownLength = this.index0 + 1 + rest.length;
      this.iterator = rest[Symbol.iterator]();
      this.after = null;
    }
    return this.knownLength;
  }

  call(_runtime: Runtime, args: readonly Value[], kwargs: Kwargs): Value {
    if (this.recurse === null) {
      throw typeError("The loop must have the 'recursive' marker to be called recursively.");
    }
    const [items] = args;
    if (items === undefined || args.length > 1 || kwargs.size > 0) throw typeError('loop() takes exactly one argument');
    return this.recurse(items, this.depth0 + 1);
  }

  override attribute(name: string): Value | undefined {
    const method = METHODS.get(name);
    return method === undefined ? ATTRIBUTES.get(name)?.(this) : new BoundMethod(this, method);
  }

  override iterate(): Iterable<Value> {
    throw typeError('a loop cannot be iterated over inside of itself');
  }

  override repr(): string {
    return `<LoopContext ${this.index0 + 1}/${this.length()}>`;
  }

  neighbour(which: 'previous' | 'next'): Value {
    if (which === 'previous') {
      return this.before === undefined ? this.rt.undefinedHint('there is no previous item') : this.before;
    }
    const step = this.peek();
    return step.done === true ? this.rt.undefinedHint('there is no next item') : step.value;
  }

  position(): number {
    return this.index0;
  }

  isLast(): boolean {
    return this.peek().done === true;
  }

  depth(): number {
    return this.depth0;
  }

  changed(values: readonly Value[]): boolean {
    const now = new Tuple(values);
    if (this.lastChanged !== null && equals(this.lastChanged, now)) return false;
    this.lastChanged = now;
    return true;
  }
}

function lengthOf(source: Value): number | null {
  const items = sequenceItems(source);
  if (items !== null) return items.length;
  return source instanceof Instance && source.length !== undefined ? source.length() : null;
}

const ATTRIBUTES: ReadonlyMap<string, (loop: LoopContext) => Value> = new Map<string, (loop: LoopContext) => Value>([
  ['index', (loop) => loop.position() + 1],
  ['index0', (loop) => loop.position()],
  ['first', (loop) => loop.position() === 0],
  ['last', (loop) => loop.isLast()],
  ['length', (loop) => loop.length()],
  ['revindex', (loop) => loop.length() - loop.position()],
  ['revindex0', (loop) => loop.length() - loop.position() - 1],
  ['depth', (loop) => loop.depth() + 1],
  ['depth0', (loop) => loop.depth()],
  ['previtem', (loop) => loop.neighbour('previous')],
  ['nextitem', (loop) => loop.neighbour('next')],
]);

const METHODS: ReadonlyMap<string, Builtin> = new Map([
  [
    'cycle',
    builtin('cycle', ['self', '*args'], (_runtime, [self, args]) =>
      cycle((self as LoopContext).position(), args as Value[]),
    ),
  ],
  [
    'changed',
    builtin('changed', ['self', '*value'], (_runtime, [self, values]) =>
      (self as LoopContext).changed(values as Value[]),
    ),
  ],
]);
