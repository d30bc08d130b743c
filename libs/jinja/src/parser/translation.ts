import { TemplateAssertionError } from '../errors.ts';
import { parseExpression } from './expressions.ts';
import type { Expression, Place, Statement } from './nodes.ts';
import type { Parser } from './parser.ts';

/**
 * `{% trans %}` of the i18n extension, in its old style: a call of `gettext`, `ngettext`, `pgettext` or `npgettext`
 * with the text, and its variables put in with `%`.
 */
export function parseTranslation(parser: Parser, place: Place): readonly Statement[] {
  const { stream } = parser;
  const { line } = place;
  const context = stream.is('string') ? String(stream.next().value) : null;
  const { variables, trimmed, before } = parseVariables(parser, place);
  const load = (name: string): Expression => ({ kind: 'name', name, line });
  stream.expect('block_end');

  const singular = parseText(parser, true);
  let count: Expression | undefined = [...variables.values()][0];
  const [firstName] = singular.names;
  if (count === undefined && firstName !== undefined) count = load(firstName);
  let plural: Text | null = null;
  if (stream.next().text === 'pluralize') {
    if (!stream.is('block_end')) {
      const token = stream.expect('name');
      count = variables.get(token.text);
      if (count === undefined) {
        stream.fail(`unknown variable '${token.text}' for pluralization`, token.line, TemplateAssertionError);
      }
    }
    stream.expect('block_end');
    plural = parseText(parser, false);
    stream.next();
    if (count === undefined) stream.fail('pluralize without variables', line);
  }
  const referenced = [...singular.names, ...(plural?.names ?? [])];
  for (const name of referenced) if (!variables.has(name)) variables.set(name, load(name));

  const finish = (text: string): string => {
    const plain = referenced.length === 0 ? text.replaceAll('%%', '%') : text;
    return trimmed ? plain.trim().replace(/\s*\n\s*/g, ' ') : plain;
  };
  const constant = (value: string): Expression => ({ kind: 'constant', value, line });
  const positional: Expression[] = [constant(finish(singular.text))];
  if (context !== null) positional.unshift(constant(context));
  if (plural !== null && count !== undefined) positional.push(constant(finish(plural.text)), count);
  const name = `${plural === null ? '' : 'n'}${context === null ? '' : 'p'}gettext`;
  const call: Expression = {
    kind: 'call',
    callee: load(name),
    args: { positional, keywords: [], spread: null, keywordSpread: null },
    line,
  };
  const text: Expression = { kind: 'markup-if-escaping', operand: call, line };
  const entries = [...variables].map(([key, value]) => [constant(key), value] as const);
  const right: Expression = { kind: 'dict', entries, line };
  const value: Expression = variables.size === 0 ? text : { kind: 'binary', operator: '%', left: text, right, line };
  return [...before, { kind: 'output', parts: [{ kind: 'print', value, ...place }] }];
}

interface Variables {
  readonly variables: Map<string, Expression>;
  readonly trimmed: boolean;
  /** Statements that must run first: a counted call is called once. */
  readonly before: readonly Statement[];
}

function parseVariables(parser: Parser, place: Place): Variables {
  const { stream } = parser;
  const { line } = place;
  const variables = new Map<string, Expression>();
  const before: Statement[] = [];
  let trimmed: boolean | null = null;
  while (!stream.is('block_end')) {
    if (variables.size > 0) stream.expect('comma');
    if (stream.skipIf('colon')) break;
    const token = stream.expect('name');
    const name = token.text;
    if (variables.has(name)) {
      stream.fail(`translatable variable '${name}' defined twice.`, token.line, TemplateAssertionError);
    }
    if (stream.skipIf('assign')) {
      let value = parseExpression(stream);
      if (value.kind === 'call' && variables.size === 0) {
        const target = { kind: 'name', name: '_trans', line } as const;
        before.push({ kind: 'set', target, value, ...place });
        value = target;
      }
      variables.set(name, value);
    } else if (trimmed === null && (name === 'trimmed' || name === 'notrimmed')) trimmed = name === 'trimmed';
    else variables.set(name, { kind: 'name', name, line });
  }
  return { variables, trimmed: trimmed ?? parser.options.trimTranslations, before };
}

interface Text {
  readonly text: string;
  readonly names: readonly string[];
}

/** The text up to `pluralize` or `endtrans`, which becomes current; only names may be printed in it. */
function parseText(parser: Parser, pluralizeAllowed: boolean): Text {
  const { stream } = parser;
  const names: string[] = [];
  let text = '';
  for (;;) {
    const token = stream.next();
    if (token.type === 'data') text += token.text.replaceAll('%', '%%');
    else if (token.type === 'variable_begin') {
      const name = stream.expect('name').text;
      names.push(name);
      text += `%(${name})s`;
      stream.expect('variable_end');
    } else if (token.type === 'block_begin') {
      if (stream.is('name:endtrans') || (pluralizeAllowed && stream.is('name:pluralize'))) return { text, names };
      if (stream.is('name:pluralize')) stream.fail('a translatable section can have only one pluralize section');
      stream.fail('control structures in translatable sections are not allowed');
    } else stream.fail('unclosed translation block');
  }
}
