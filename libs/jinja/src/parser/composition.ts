import { TemplateAssertionError } from '../errors.ts';
import type { TokenStream } from '../lexer/stream.ts';
import { parseExpression } from './expressions.ts';
import type { Block, Extends, FromImport, Import, Include, Place, Statement } from './nodes.ts';
import type { Parser } from './parser.ts';
import { parseName } from './targets.ts';

/** Tags that put templates together. */

export function parseBlock(parser: Parser, place: Place): Block {
  const { stream } = parser;
  const name = stream.expect('name').text;
  const scoped = stream.skipIf('name:scoped');
  const required = stream.skipIf('name:required');
  if (stream.is('sub')) {
    stream.fail(
      'Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.',
    );
  }
  const body = parser.body(['name:endblock'], true);
  if (required && !body.every(isBlank)) stream.fail('Required blocks can only contain comments or whitespace');
  stream.skipIf(`name:${name}`);
  return { kind: 'block', name, scoped, required, body, ...place };
}

function isBlank(statement: Statement): boolean {
  return (
    statement.kind === 'output' && statement.parts.every((part) => part.kind === 'data' && part.text.trim() === '')
  );
}

export function parseExtends(parser: Parser, place: Place): Extends {
  return { kind: 'extends', template: parseExpression(parser.stream), ...place };
}

/** `with context` or `without context`, if it stands here. */
function parseContext(stream: TokenStream): boolean | null {
  if (!stream.is('name:with', 'name:without')) return null;
  const next = stream.look();
  if (next.type !== 'name' || next.text !== 'context') return null;
  const { text } = stream.next();
  stream.next();
  return text === 'with';
}

export function parseInclude(parser: Parser, place: Place): Include {
  const { stream } = parser;
  const template = parseExpression(stream);
  const next = stream.is('name:ignore') ? stream.look() : null;
  const ignoreMissing = next?.type === 'name' && next.text === 'missing';
  if (ignoreMissing) {
    stream.next();
    stream.next();
  }
  return { kind: 'include', template, ignoreMissing, withContext: parseContext(stream) ?? true, ...place };
}

export function parseImport(parser: Parser, place: Place): Import {
  const { stream } = parser;
  const template = parseExpression(stream);
  stream.expect('name:as');
  const target = parseName(stream).name;
  return { kind: 'import', template, target, withContext: parseContext(stream) ?? false, ...place };
}

export function parseFromImport(parser: Parser, place: Place): FromImport {
  const { stream } = parser;
  const template = parseExpression(stream);
  stream.expect('name:import');
  const names: { name: string; alias: string }[] = [];
  for (;;) {
    if (names.length > 0) stream.expect('comma');
    if (!stream.is('name')) stream.expect('name');
    const context = parseContext(stream);
    if (context !== null) return { kind: 'from-import', template, names, withContext: context, ...place };
    names.push(parseImportedName(stream));
    const trailing = parseContext(stream);
    if (trailing !== null || !stream.is('comma')) {
      return { kind: 'from-import', template, names, withContext: trailing ?? false, ...place };
    }
  }
}

function parseImportedName(stream: TokenStream): { name: string; alias: string } {
  const { name, line } = parseName(stream);
  if (name.startsWith('_')) {
    stream.fail('names starting with an underline can not be imported', line, TemplateAssertionError);
  }
  return { name, alias: stream.skipIf('name:as') ? parseName(stream).name : name };
}
