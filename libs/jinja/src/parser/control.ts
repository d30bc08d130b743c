import { parseExpression, parseTuple, parseWithoutConditional } from './expressions.ts';
import type { Autoescape, Do, Expression, For, If, Place, Print, Statement, Target, With } from './nodes.ts';
import type { Parser } from './parser.ts';
import { parseTarget } from './targets.ts';

/** Tags that decide what is rendered and in which scope. */

export function parseFor(parser: Parser, place: Place): For {
  const { stream } = parser;
  const target = parseTarget(stream, 'name:in');
  stream.expect('name:in');
  const iterable = parseTuple(stream, { item: parseWithoutConditional, end: 'name:recursive' });
  const test = stream.skipIf('name:if') ? parseExpression(stream) : null;
  const recursive = stream.skipIf('name:recursive');
  const body = parser.body(['name:endfor', 'name:else']);
  const otherwise = stream.next().text === 'else' ? parser.body(['name:endfor'], true) : [];
  return { kind: 'for', target, iterable, test, recursive, body, otherwise, ...place };
}

export function parseIf(parser: Parser, place: Place): If {
  const { stream } = parser;
  const branches: If['branches'][number][] = [];
  let otherwise: readonly Statement[] = [];
  for (let branchPlace = place; ;) {
    const test = parseTuple(stream, { item: parseWithoutConditional });
    const body = parser.body(['name:elif', 'name:else', 'name:endif']);
    branches.push({ test, body, ...branchPlace });
    branchPlace = { line: stream.current.line, tag: stream.tag };
    const end = stream.next().text;
    if (end === 'elif') continue;
    if (end === 'else') otherwise = parser.body(['name:endif'], true);
    return { kind: 'if', branches, otherwise, ...place };
  }
}

export function parseWith(parser: Parser, place: Place): With {
  const { stream } = parser;
  const bindings: { target: Target; value: Expression }[] = [];
  while (!stream.is('block_end')) {
    if (bindings.length > 0) stream.expect('comma');
    const target = parseTarget(stream);
    stream.expect('assign');
    bindings.push({ target, value: parseExpression(stream) });
  }
  return { kind: 'with', bindings, body: parser.body(['name:endwith'], true), ...place };
}

export function parseAutoescape(parser: Parser, place: Place): Autoescape {
  const value = parseExpression(parser.stream);
  return { kind: 'autoescape', value, body: parser.body(['name:endautoescape'], true), ...place };
}

export function parsePrint(parser: Parser, place: Place): Statement {
  const { stream } = parser;
  const parts: Print[] = [];
  while (!stream.is('block_end')) {
    if (parts.length > 0) stream.expect('comma');
    parts.push({ kind: 'print', value: parseExpression(stream), ...place });
  }
  return { kind: 'output', parts };
}

export function parseDo(parser: Parser, place: Place): Do {
  return { kind: 'do', value: parseTuple(parser.stream), ...place };
}
