import type { TemplateTree, Place } from '../parser/nodes.ts';
import { withinStack } from '../nesting.ts';
import { analyseBody } from './analysis.ts';
import type { Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import { compileBody } from './statements.ts';
import { findReads, type Reads } from './reads.ts';
import { Scope } from './scope.ts';
import { Unit, type CompilerOptions } from './unit.ts';
import { containsStatement, findBlocks, findUndeclared } from './walk.ts';

/** The JavaScript of a template. */
export interface CompiledSource {
  /** Body of a function of `h` (the helpers), `rt` (the runtime) and `T` (the template). */
  readonly code: string;
  /** Places that errors can be at, by the number the code gives. */
  readonly places: readonly Place[];
  readonly reads: Reads | null;
}

/** @throws TemplateAssertionError for templates that are well formed but mean something impossible */
export function compileTemplate(
  tree: TemplateTree,
  templateName: string | null,
  options: CompilerOptions,
): CompiledSource {
  const unit = new Unit(templateName, options);
  return withinStack(
    () => new TemplateCompiler(unit).compile(tree),
    () => ({ templateName, line: unit.places.at(-1)?.line ?? 1 }),
  );
}

export class TemplateCompiler {
  /** How many `extends` were met, and whether one of them is reached for certain. */
  extendsSoFar = 0;
  extendsForCertain = false;

  constructor(readonly unit: Unit) {}

  extended(forCertain: boolean): void {
    this.extendsSoFar++;
    this.extendsForCertain ||= forCertain;
  }

  compile(tree: TemplateTree): CompiledSource {
    const { unit } = this;
    const blocks = findBlocks(tree.body);
    const seen = new Set<string>();
    for (const block of blocks) {
      if (seen.has(block.name)) unit.fail(`block '${block.name}' defined twice`, block.line);
      seen.add(block.name);
    }
    const extending = containsStatement(tree.body, (node) => node.kind === 'extends');
    const root = this.root(tree, extending);
    const rendered = blocks.map((block) => `[${quoteCode(block.name)}, ${this.block(block)}]`);
    const code = [
      "'use strict';",
      'const protoOf = Object.getPrototypeOf, plain = Object.prototype, limit = rt.limits.maxOutput;',
      unit.constantDeclarations(),
      `return { root: ${root}, blocks: new Map([${rendered.join(',\n')}]) };`,
    ].join('\n');
    const reads = findReads(unit, tree.body, []);
    return { code, places: unit.places, reads: reads && Object.freeze(reads) };
  }

  private frame(overrides: Partial<Frame> = {}): Frame {
    const { autoescape } = this.unit.options;
    return {
      scope: new Scope(null, this.unit.names),
      out: 'o',
      escaping: autoescape,
      toplevel: false,
      rootlevel: false,
      soft: false,
      checkOutput: false,
      skip: null,
      piecewise: false,
      remembers: true,
      unboundParameters: new Set(),
      loops: [],
      ...overrides,
    };
  }

  private root(tree: TemplateTree, extending: boolean): string {
    const { unit } = this;
    return unit.function('ctx', () => {
      const frame = this.frame({ toplevel: true, rootlevel: true, piecewise: !extending, checkOutput: extending });
      // What is printed before the parent's text comes before its pieces.
      unit.write(extending ? 'ctx.pieces = null;' : 'const pieces = ctx.pieces;');
      if (findUndeclared(tree.body, ['self']).has('self')) {
        unit.write(`const ${frame.scope.parameter('self')} = new h.TemplateReference(rt, ctx);`);
      }
      analyseBody(frame.scope, tree.body);
      if (extending) unit.write('let parent = null;');
      unit.enter(frame.scope);
      compileBody(this, tree.body, frame);
      if (extending) unit.write('if (parent !== null) o += parent.root(ctx);');
    });
  }

  private block(block: ReturnType<typeof findBlocks>[number]): string {
    const { unit } = this;
    const name = quoteCode(block.name);
    return unit.function('ctx', () => {
      const frame = this.frame();
      const undeclared = findUndeclared(block.body, ['self', 'super']);
      if (undeclared.has('self'))
        unit.write(`const ${frame.scope.parameter('self')} = new h.TemplateReference(rt, ctx);`);
      if (undeclared.has('super')) {
        unit.write(`const ${frame.scope.parameter('super')} = h.superBlock(rt, ctx, ${name}, T.blocks.get(${name}));`);
      }
      analyseBody(frame.scope, block.body);
      unit.enter(frame.scope);
      compileBody(this, block.body, frame);
    });
  }
}
