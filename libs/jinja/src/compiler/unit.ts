import { TemplateAssertionError } from '../errors.ts';
import type { Place } from '../parser/nodes.ts';
import { Builtin, type Runtime, type Value } from '../values/index.ts';
import { FunctionBody } from './function-body.ts';
import { quoteCode } from './literals.ts';
import { SlotNames, type Scope } from './scope.ts';

/** What compiling needs to know of the environment. */
export interface CompilerOptions {
  readonly runtime: Runtime;
  /** Whether the template escapes its output. */
  readonly autoescape: boolean;
  /** Whether printed values go through the environment's `finalize`. */
  readonly finalize: boolean;
}

/** The template that is being compiled: its generated functions, constants and places. */
export class Unit {
  readonly names = new SlotNames();
  /** Places that code can be at, by their index in the code. */
  readonly places: Place[] = [];
  private readonly constants: string[] = [];
  private readonly shared = new Map<string, string>();
  private readonly owners = new Map<Scope, FunctionBody>();
  private bodies: FunctionBody[] = [];
  private loops = 0;

  constructor(
    readonly templateName: string | null,
    readonly options: CompilerOptions,
  ) {}

  /** The function that code goes to now. */
  get body(): FunctionBody {
    const body = this.bodies.at(-1);
    if (body === undefined) throw new Error('no function is open');
    return body;
  }

  write(line: string): void {
    this.body.write(line);
  }

  /** Generates a function and gives its code. */
  function(parameters: string, generate: () => void, result = 'o'): string {
    this.bodies.push(new FunctionBody(this.names));
    generate();
    const code = this.body.code(result);
    this.bodies = this.bodies.slice(0, -1);
    return `function (${parameters}) {\n${code}\n}`;
  }

  /** Declares the variables of a scope; from here on the code can use them. */
  enter(scope: Scope): void {
    this.owners.set(scope, this.body);
    for (const [slot, load] of scope.loads) {
      if (load.kind === 'alias') this.write(`let ${slot} = ${this.aliased(scope, load.slot)};`);
      else if (load.kind === 'unset') this.write(`let ${slot};`);
      else if (load.kind === 'resolve' && scope.stores.has(load.name)) {
        this.write(`let ${slot} = ${this.body.resolve(load.name)};`);
      }
    }
  }

  /** An alias starts with the value of the outer scope's variable, wherever that is kept. */
  private aliased(scope: Scope, slot: string): string {
    const load = scope.findLoad(slot);
    return (load?.kind === 'resolve' ? this.hoisted(scope, slot, load.name) : null) ?? slot;
  }

  /**
   * The variable of a name that is looked up in the context and never assigned in its scope; null if it has a variable
   * in its frame.
   */
  hoisted(from: Scope, slot: string, name: string): string | null {
    for (let scope: Scope | null = from; scope !== null; scope = scope.parent) {
      if (!scope.loads.has(slot)) continue;
      return scope.stores.has(name) ? null : (this.owners.get(scope)?.resolve(name) ?? null);
    }
    return null;
  }

  /** Notes where in the template the following code comes from. */
  at(place: Place): void {
    const last = this.places.at(-1);
    if (last?.line !== place.line || last.tag !== place.tag) this.places.push({ line: place.line, tag: place.tag });
    this.write(`$ = ${this.places.length - 1};`);
  }

  /** Tells the template's remembered loops apart. */
  nextLoop(): number {
    return this.loops++;
  }

  /** A constant that all functions of the template share; equal code is one constant. */
  constant(code: string): string {
    let name = this.shared.get(code);
    if (name === undefined) {
      this.shared.set(code, (name = this.names.fresh('c')));
      this.constants.push(`const ${name} = ${code};`);
    }
    return name;
  }

  constantDeclarations(): string {
    return this.constants.join('\n');
  }

  /** A registered filter or test, if it is one whose parameters are known. */
  builtin(kind: 'filter' | 'test', name: string): Builtin | null {
    const { runtime } = this.options;
    const found = (kind === 'filter' ? runtime.filters : runtime.tests).get(name);
    return found instanceof Builtin ? found : null;
  }

  isKnown(kind: 'filter' | 'test', name: string): boolean {
    const { runtime } = this.options;
    return (kind === 'filter' ? runtime.filters : runtime.tests).has(name);
  }

  /** Code of a constant value. */
  literal(value: Value): string {
    if (typeof value === 'string') return quoteCode(value);
    if (typeof value === 'bigint') return this.constant(`${value}n`);
    if (value === null || typeof value === 'boolean') return String(value);
    if (typeof value === 'number' && Number.isFinite(value)) return value < 0 ? `(${value})` : String(value);
    return this.constant(`h.makeFloat(${typeof value === 'number' ? value : (value as { value: number }).value})`);
  }

  fail(message: string, line: number): never {
    throw new TemplateAssertionError(message, { templateName: this.templateName, line });
  }
}
