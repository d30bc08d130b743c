import type { TokenStream } from '../lexer/stream.ts';
import { parseExpression, parseFilter, parseTuple } from './expressions.ts';
import type { CallBlock, Expression, Filter, FilterBlock, Macro, Name, Place, Signature, Statement } from './nodes.ts';
import type { Parser } from './parser.ts';
import { parseName, parseSetTarget } from './targets.ts';

/** Tags that give a name to a value or a piece of template, or work on a captured piece. */

export function parseSet(parser: Parser, place: Place): Statement {
  const { stream } = parser;
  const target = parseSetTarget(stream);
  if (stream.skipIf('assign')) return { kind: 'set', target, value: parseTuple(stream), ...place };
  const filter = stream.skipIf('pipe') ? parseFilters(stream) : null;
  return { kind: 'set-block', target, filter, body: parser.body(['name:endset'], true), ...place };
}

/** A chain of filters without an input; the innermost takes the captured text. */
function parseFilters(stream: TokenStream): Filter {
  let filter = parseFilter(stream, null);
  while (stream.skipIf('pipe')) filter = parseFilter(stream, filter);
  return filter;
}

export function parseFilterBlock(parser: Parser, place: Place): FilterBlock {
  const filter = parseFilters(parser.stream);
  return { kind: 'filter-block', filter, body: parser.body(['name:endfilter'], true), ...place };
}

function parseSignature(stream: TokenStream): Signature {
  const parameters: Name[] = [];
  const defaults: Expression[] = [];
  stream.expect('lparen');
  while (!stream.is('rparen')) {
    if (parameters.length > 0) stream.expect('comma');
    const parameter = parseName(stream);
    if (parameters.some(({ name }) => name === parameter.name))
      stream.fail(`duplicate argument '${parameter.name}' in function definition`, parameter.line);
    if (stream.skipIf('assign')) defaults.push(parseExpression(stream));
    else if (defaults.length > 0) stream.fail('non-default argument follows default argument');
    parameters.push(parameter);
  }
  stream.expect('rparen');
  return { parameters, defaults };
}

export function parseMacro(parser: Parser, place: Place): Macro {
  const { name } = parseName(parser.stream);
  const signature = parseSignature(parser.stream);
  return { kind: 'macro', name, signature, body: parser.body(['name:endmacro'], true), ...place };
}

export function parseCallBlock(parser: Parser, place: Place): CallBlock {
  const { stream } = parser;
  const signature = stream.is('lparen') ? parseSignature(stream) : { parameters: [], defaults: [] };
  const call = parseExpression(stream);
  if (call.kind !== 'call') return stream.fail('expected call', place.line);
  return { kind: 'call-block', call, signature, body: parser.body(['name:endcall'], true), ...place };
}
