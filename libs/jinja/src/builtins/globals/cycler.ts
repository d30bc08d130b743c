import { PythonError } from '../../errors.ts';
import { builtin, Callable, Instance, Tuple, type Builtin, type Value } from '../../values/index.ts';

/** Gives its items one after the other, for ever. */
export class Cycler extends Instance {
  readonly typeName = 'Cycler';
  private position = 0;
  private readonly methods: ReadonlyMap<string, Builtin> = new Map([
    ['next', builtin('next', [], () => this.next())],
    ['reset', builtin('reset', [], () => this.reset())],
  ]);

  constructor(private readonly items: readonly Value[]) {
    super();
    if (items.length === 0) throw new PythonError('RuntimeError', 'at least one item has to be provided');
  }

  override get moduleName(): string {
    return 'jinja2.utils';
  }

  private get current(): Value {
    return this.items[this.position] ?? null;
  }

  private next(): Value {
    const item = this.current;
    this.position = (this.position + 1) % this.items.length;
    return item;
  }

  private reset(): null {
    this.position = 0;
    return null;
  }

  override attribute(name: string): Value | undefined {
    if (name === 'current') return this.current;
    if (name === 'pos') return this.position;
    return name === 'items' ? new Tuple(this.items) : this.methods.get(name);
  }
}

/** Gives nothing when first called, then its separator. */
export class Joiner extends Callable {
  readonly typeName = 'Joiner';
  readonly name = 'joiner';
  private used = false;

  constructor(private readonly separator: Value) {
    super();
  }

  override get moduleName(): string {
    return 'jinja2.utils';
  }

  call(): Value {
    if (this.used) return this.separator;
    this.used = true;
    return '';
  }

  override attribute(name: string): Value | undefined {
    if (name === 'sep') return this.separator;
    return name === 'used' ? this.used : undefined;
  }
}
