import type { SlotNames } from './scope.ts';
import { quoteCode } from './literals.ts';

/** The code of one generated function while it grows. */
export class FunctionBody {
  private readonly lines: string[] = [];
  private readonly temporaries: string[] = [];
  private readonly resolved = new Map<string, string>();

  constructor(private readonly names: SlotNames) {}

  write(line: string): void {
    this.lines.push(line);
  }

  /** A variable for a part of an expression. */
  temporary(): string {
    const name = this.names.fresh('t');
    this.temporaries.push(name);
    return name;
  }

  /**
   * The variable that holds a name's value in the context. Within one run of a function a name of the context that the
   * template does not assign cannot change, so it is looked up once, not in every iteration.
   */
  resolve(name: string): string {
    let slot = this.resolved.get(name);
    if (slot === undefined) this.resolved.set(name, (slot = this.names.fresh('r')));
    return slot;
  }

  /** The whole body. `$` is the place in the template that errors point at. */
  code(result = 'o'): string {
    const resolves = [...this.resolved].map(([name, slot]) => `const ${slot} = ctx.resolve(${quoteCode(name)});`);
    const temporaries = this.temporaries.length === 0 ? [] : [`let ${this.temporaries.join(', ')};`];
    return [
      "let $ = -1, o = '';",
      'try {',
      ...temporaries,
      ...resolves,
      ...this.lines,
      `return ${result};`,
      '} catch (error) { throw h.fail(error, T, $, ctx); }',
    ].join('\n');
  }
}
