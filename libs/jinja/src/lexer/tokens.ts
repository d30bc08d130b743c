import type { Value } from '../values/index.ts';

/** Operators by their text. The longer ones stand first: this is also the order of matching. */
export const OPERATORS = {
  '//': 'floordiv',
  '**': 'pow',
  '==': 'eq',
  '!=': 'ne',
  '>=': 'gteq',
  '<=': 'lteq',
  '+': 'add',
  '-': 'sub',
  '/': 'div',
  '*': 'mul',
  '%': 'mod',
  '~': 'tilde',
  '[': 'lbracket',
  ']': 'rbracket',
  '(': 'lparen',
  ')': 'rparen',
  '{': 'lbrace',
  '}': 'rbrace',
  '>': 'gt',
  '<': 'lt',
  '=': 'assign',
  '.': 'dot',
  ':': 'colon',
  '|': 'pipe',
  ',': 'comma',
  ';': 'semicolon',
} as const;

export type OperatorType = (typeof OPERATORS)[keyof typeof OPERATORS];
export type TokenType =
  | OperatorType
  | 'data'
  | 'variable_begin'
  | 'variable_end'
  | 'block_begin'
  | 'block_end'
  | 'name'
  | 'string'
  | 'integer'
  | 'float'
  | 'eof';

export interface Token {
  readonly type: TokenType;
  /** The name, the text, or the source of an operator. */
  readonly text: string;
  /** The value of a literal. */
  readonly value: Value;
  readonly line: number;
  /** Where the token stands in the (newline-normalised) source. */
  readonly start: number;
  readonly end: number;
}

const DESCRIPTIONS: Partial<Record<TokenType, string>> = {
  block_begin: 'begin of statement block',
  block_end: 'end of statement block',
  variable_begin: 'begin of print statement',
  variable_end: 'end of print statement',
  data: 'template data / text',
  eof: 'end of template',
};

const OPERATOR_TEXT = new Map<string, string>(Object.entries(OPERATORS).map(([text, type]) => [type, text]));

/** How messages name a kind of token. */
export function describeType(type: TokenType): string {
  return OPERATOR_TEXT.get(type) ?? DESCRIPTIONS[type] ?? type;
}

/** How messages name a token: names by themselves, the rest by kind. */
export function describeToken(token: Token): string {
  return token.type === 'name' ? token.text : describeType(token.type);
}
