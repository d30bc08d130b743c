import type { Block, Extends, FromImport, Import, Include } from '../parser/nodes.ts';
import { compileExpression, positionText } from './expressions.ts';
import type { Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import { Unreachable } from './statements.ts';
import { publish } from './targets.ts';
import type { TemplateCompiler } from './template.ts';

/** Blocks and other templates. */

/** Code of the variables that another template sees besides the context. */
function localsCode(frame: Frame): string {
  const entries = [...frame.scope.visibleStores()].map(([name, slot]) => `[${quoteCode(name)}, ${slot}]`);
  return `[${entries.join(', ')}]`;
}

export function compileBlockCall(template: TemplateCompiler, node: Block, frame: Frame): void {
  const { unit } = template;
  if (frame.toplevel && template.extendsForCertain) return;
  const guarded = frame.toplevel && template.extendsSoFar > 0;
  if (guarded) unit.write('if (parent === null) {');
  if (node.required) unit.write(`h.requireBlock(ctx, ${quoteCode(node.name)});`);
  const context = node.scoped ? `ctx.derived(${localsCode(frame)})` : 'ctx';
  const text = unit.body.temporary();
  unit.write(`${text} = h.renderBlock(rt, ${context}, ${quoteCode(node.name)}); ${frame.out} += ${text};`);
  if (guarded) unit.write('}');
}

export function compileExtends(template: TemplateCompiler, node: Extends, frame: Frame): void {
  const { unit } = template;
  if (!frame.toplevel) unit.fail('cannot use extend from a non top-level scope', node.line);
  if (template.extendsSoFar > 0) {
    unit.write('if (parent !== null) throw h.extendedTwice();');
    if (template.extendsForCertain) throw new Unreachable();
  }
  unit.write(`parent = h.extend(rt, ctx, ${compileExpression(unit, node.template, frame)});`);
  template.extended(frame.rootlevel);
}

export function compileInclude(template: TemplateCompiler, node: Include, frame: Frame): void {
  const { unit } = template;
  const name = compileExpression(unit, node.template, frame);
  const locals = node.withContext ? localsCode(frame) : 'null';
  const text = unit.body.temporary();
  unit.write(`${text} = h.include(rt, ctx, ${name}, ${node.ignoreMissing}, ${locals}); ${frame.out} += ${text};`);
}

function moduleCode(template: TemplateCompiler, node: Import | FromImport, frame: Frame): string {
  const locals = node.withContext ? localsCode(frame) : 'null';
  return `h.importModule(rt, ctx, ${compileExpression(template.unit, node.template, frame)}, ${locals})`;
}

export function compileImport(template: TemplateCompiler, node: Import, frame: Frame): void {
  const { unit } = template;
  unit.write(`${frame.scope.slot(node.target)} = ${moduleCode(template, node, frame)};`);
  publish(unit, [node.target], frame, false);
}

export function compileFromImport(template: TemplateCompiler, node: FromImport, frame: Frame): void {
  const { unit } = template;
  const module = unit.names.fresh('m');
  unit.write(`const ${module} = ${moduleCode(template, node, frame)};`);
  const position = quoteCode(positionText(unit, node.line));
  for (const { name, alias } of node.names) {
    unit.write(`${frame.scope.slot(alias)} = h.importName(rt, ${module}, ${quoteCode(name)}, ${position});`);
  }
  publish(
    unit,
    node.names.map(({ alias }) => alias),
    frame,
    false,
  );
}
