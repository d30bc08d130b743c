import { OPERATORS } from './tokens.ts';
import type { Syntax } from './syntax.ts';

/**
 * The regular expressions of a syntax. Python's `\s`, `^` and `$` are spelled out, because JavaScript's differ in the
 * control characters they take and in what they hold for a line's end.
 */

const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LINE_START = '(?<![^\\n])';
const LINE_END = '(?![^\\n])';

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** What can begin in the text of a template. The groups of the pattern have these names. */
export type Opening = 'raw' | 'comment' | 'block' | 'variable' | 'lineStatement' | 'lineComment';
export const OPENINGS: readonly Opening[] = ['raw', 'comment', 'block', 'variable', 'lineStatement', 'lineComment'];

export interface Patterns {
  /** The next opening: one group by its name, `sign` followed by its name holds the whitespace control. */
  readonly opening: RegExp;
  readonly commentEnd: RegExp;
  readonly rawEnd: RegExp;
  readonly lineCommentEnd: RegExp;
  readonly blockEnd: RegExp;
  readonly variableEnd: RegExp;
  readonly lineStatementEnd: RegExp;
}

/** Longer openings win over shorter ones at the same place (`<%=` over `<%`). */
function openings(syntax: Syntax): string {
  const rules: [size: number, name: string, pattern: string, opening: Opening][] = [
    [syntax.commentStart.length, 'comment_begin', escape(syntax.commentStart), 'comment'],
    [syntax.blockStart.length, 'block_begin', escape(syntax.blockStart), 'block'],
    [syntax.variableStart.length, 'variable_begin', escape(syntax.variableStart), 'variable'],
  ];
  const { lineStatementPrefix: statement, lineCommentPrefix: comment } = syntax;
  if (statement !== null) {
    rules.push([
      statement.length,
      'linestatement_begin',
      `${LINE_START}[ \\t\\v]*${escape(statement)}`,
      'lineStatement',
    ]);
  }
  if (comment !== null) {
    const space = `(?:(?!\\n|\\r)${SPACE})*`;
    rules.push([
      comment.length,
      'linecomment_begin',
      `(?:${LINE_START}|(?<!${SPACE}))${space}${escape(comment)}`,
      'lineComment',
    ]);
  }
  // Jinja2 breaks ties by the names of the kinds, in reverse.
  rules.sort((a, b) => b[0] - a[0] || (a[1] < b[1] ? 1 : -1));
  return rules.map(([, , pattern, opening]) => `(?<${opening}>${pattern}(?<${opening}Sign>[-+]?))`).join('|');
}

export function compilePatterns(syntax: Syntax): Patterns {
  const start = escape(syntax.blockStart);
  const end = escape(syntax.blockEnd);
  const suffix = syntax.trimBlocks ? '\\n?' : '';
  const blockEnd = (text: string): string => `(?:\\+${text}|-${text}${SPACE}*|${text}${suffix})`;
  const raw = `(?<raw>${start}(?<rawSign>[-+]?)${SPACE}*raw${SPACE}*(?:-${end}${SPACE}*|${end}))`;
  const variableEnd = escape(syntax.variableEnd);
  return {
    opening: new RegExp(`${raw}|${openings(syntax)}`, 'g'),
    commentEnd: new RegExp(blockEnd(escape(syntax.commentEnd)), 'g'),
    rawEnd: new RegExp(`${start}(?<sign>[-+]?)${SPACE}*endraw${SPACE}*${blockEnd(end)}`, 'g'),
    lineCommentEnd: new RegExp(LINE_END, 'g'),
    blockEnd: new RegExp(blockEnd(end), 'y'),
    variableEnd: new RegExp(`-${variableEnd}${SPACE}*|${variableEnd}`, 'y'),
    lineStatementEnd: new RegExp(`${SPACE}*(?:\\n|${LINE_END})`, 'y'),
  };
}

export const WHITESPACE = new RegExp(`${SPACE}+`, 'y');
export const ONLY_WHITESPACE = new RegExp(`^${SPACE}+$`);
export const TRAILING_WHITESPACE = new RegExp(`${SPACE}+$`);
const DIGITS = '(?:[0-9]+_)*[0-9]+';
export const FLOAT = new RegExp(`(?<!\\.)${DIGITS}(?:(?:\\.${DIGITS})?[eE][+-]?${DIGITS}|\\.${DIGITS})`, 'y');
export const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
/** Whatever looks like a name; `IDENTIFIER` tells whether it is one. */
export const WORD = /[\p{L}\p{N}\p{Mn}\p{Mc}\p{Pc}\u00b7\u0387\u1369-\u1371\u19da\u2118\u212e\u309b\u309c]+/uy;
export const IDENTIFIER = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;
export const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
export const OPERATOR = new RegExp(Object.keys(OPERATORS).map(escape).join('|'), 'y');
