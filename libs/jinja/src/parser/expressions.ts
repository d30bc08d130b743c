import type { TokenPattern, TokenStream } from '../lexer/stream.ts';
import { describeToken, type TokenType } from '../lexer/tokens.ts';
import { parseArguments } from './arguments.ts';
import { parseDict, parseList } from './displays.ts';
import {
  NO_ARGUMENTS,
  type Arguments,
  type BinaryOperator,
  type ComparisonOperator,
  type Expression,
  type Filter,
} from './nodes.ts';
import { parsePostfix } from './postfix.ts';

/**
 * Expressions, from the loosest binding to the tightest:
 * `if else`, `or`, `and`, `not`, comparisons, `+ -`, `~`, `* / // %`, `**`, unary, then `.x [x] (x)`, `|filter`, `is`.
 */

export function parseExpression(stream: TokenStream): Expression {
  const { line } = stream.current;
  let then = parseOr(stream);
  while (stream.skipIf('name:if')) {
    const test = parseOr(stream);
    const otherwise = stream.skipIf('name:else') ? parseExpression(stream) : null;
    then = { kind: 'conditional', test, then, otherwise, line };
  }
  return then;
}

function parseOr(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parseAnd(stream);
  while (stream.skipIf('name:or')) left = { kind: 'or', left, right: parseAnd(stream), line };
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  const { line } = stream.current;
  let left = parseNot(stream);
  while (stream.skipIf('name:and')) left = { kind: 'and', left, right: parseNot(stream), line };
  return left;
}

function parseNot(stream: TokenStream): Expression {
  const { line } = stream.current;
  if (stream.skipIf('name:not')) return { kind: 'not', operand: parseNot(stream), line };
  return parseComparison(stream);
}

const COMPARISONS: Partial<Record<TokenType, ComparisonOperator>> = {
  eq: '==',
  ne: '!=',
  lt: '<',
  lteq: '<=',
  gt: '>',
  gteq: '>=',
};

function comparisonOperator(stream: TokenStream): ComparisonOperator | null {
  const operator = COMPARISONS[stream.current.type];
  if (operator !== undefined) {
    stream.next();
    return operator;
  }
  if (stream.skipIf('name:in')) return 'in';
  const next = stream.is('name:not') ? stream.look() : null;
  if (next?.type !== 'name' || next.text !== 'in') return null;
  stream.next();
  stream.next();
  return 'not in';
}

function parseComparison(stream: TokenStream): Expression {
  const { line } = stream.current;
  const first = parseSum(stream);
  const rest: { operator: ComparisonOperator; operand: Expression }[] = [];
  for (let operator = comparisonOperator(stream); operator !== null; operator = comparisonOperator(stream)) {
    rest.push({ operator, operand: parseSum(stream) });
  }
  return rest.length === 0 ? first : { kind: 'compare', first, rest, line };
}

/** A level of left-associative binary operators. */
function binaryLevel(
  operators: Partial<Record<TokenType, BinaryOperator>>,
  operand: (stream: TokenStream) => Expression,
): (stream: TokenStream) => Expression {
  return (stream) => {
    const { line } = stream.current;
    let left = operand(stream);
    for (;;) {
      const operator = operators[stream.current.type];
      if (operator === undefined) return left;
      stream.next();
      left = { kind: 'binary', operator, left, right: operand(stream), line };
    }
  };
}

const parsePower = binaryLevel({ pow: '**' }, (stream) => parseUnary(stream, true));
const parseProduct = binaryLevel({ mul: '*', div: '/', floordiv: '//', mod: '%' }, parsePower);
const parseSum = binaryLevel({ add: '+', sub: '-' }, parseConcat);

function parseConcat(stream: TokenStream): Expression {
  const { line } = stream.current;
  const first = parseProduct(stream);
  const parts = [first];
  while (stream.skipIf('tilde')) parts.push(parseProduct(stream));
  return parts.length === 1 ? first : { kind: 'concat', parts, line };
}

/** Filters and tests belong to the whole of a signed operand: `-1|abs` is `(-1)|abs`. */
function parseUnary(stream: TokenStream, withFilters: boolean): Expression {
  const { line } = stream.current;
  let node: Expression;
  if (stream.skipIf('sub')) node = { kind: 'negative', operand: parseUnary(stream, false), line };
  else if (stream.skipIf('add')) node = { kind: 'positive', operand: parseUnary(stream, false), line };
  else node = parsePrimary(stream);
  node = parsePostfix(stream, node);
  return withFilters ? parseFiltersAndTests(stream, node) : node;
}

const WORDS: Readonly<Record<string, boolean | null>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
};

export function parsePrimary(stream: TokenStream): Expression {
  const token = stream.current;
  const { line } = token;
  switch (token.type) {
    case 'name': {
      stream.next();
      const word = Object.hasOwn(WORDS, token.text) ? WORDS[token.text] : undefined;
      return word === undefined ? { kind: 'name', name: token.text, line } : { kind: 'constant', value: word, line };
    }
    case 'string':
      return { kind: 'constant', value: parseStrings(stream), line };
    case 'integer':
    case 'float':
      stream.next();
      return { kind: 'constant', value: token.value, line };
    case 'lparen':
      return parseParentheses(stream);
    case 'lbracket':
      return parseList(stream);
    case 'lbrace':
      return parseDict(stream);
    default: {
      const found = describeToken(token);
      return stream.fail(`unexpected ${found.includes("'") ? `"${found}"` : `'${found}'`}`, line);
    }
  }
}

/** Strings beside each other are one string. */
function parseStrings(stream: TokenStream): string {
  let text = '';
  while (stream.is('string')) text += String(stream.next().value);
  return text;
}

function parseParentheses(stream: TokenStream): Expression {
  stream.next();
  const node = parseTuple(stream, { parentheses: true });
  stream.expect('rparen');
  return node;
}

export interface TupleOptions {
  /** How an item is parsed. */
  readonly item?: (stream: TokenStream) => Expression;
  /** What ends the tuple besides the end of a tag or parenthesis. */
  readonly end?: TokenPattern;
  /** Whether nothing at all is the empty tuple. */
  readonly parentheses?: boolean;
}

/** An expression or, with commas, a tuple. */
export function parseTuple(stream: TokenStream, options: TupleOptions = {}): Expression {
  const { item = parseExpression, end, parentheses = false } = options;
  const { line } = stream.current;
  const items: Expression[] = [];
  let comma = false;
  while (!stream.is('variable_end', 'block_end', 'rparen', ...(end === undefined ? [] : [end]))) {
    items.push(item(stream));
    if (!stream.is('comma')) break;
    stream.next();
    comma = true;
  }
  const [only] = items;
  if (!comma && only !== undefined) return only;
  if (!comma && !parentheses) stream.fail(`Expected an expression, got '${describeToken(stream.current)}'`);
  return { kind: 'tuple', items, line };
}

/** `parseExpression` without `x if y else z`, for places where `if` means something else. */
export const parseWithoutConditional = parseOr;

function parseFiltersAndTests(stream: TokenStream, input: Expression): Expression {
  let node = input;
  for (;;) {
    if (stream.is('pipe')) {
      stream.next();
      node = parseFilter(stream, node);
    } else if (stream.is('name:is')) node = parseTest(stream, node);
    else if (stream.is('lparen')) {
      const { line } = stream.current;
      node = { kind: 'call', callee: node, args: parseArguments(stream), line };
    } else return node;
  }
}

function dottedName(stream: TokenStream): string {
  let name = stream.expect('name').text;
  while (stream.skipIf('dot')) name += `.${stream.expect('name').text}`;
  return name;
}

/** The name and arguments of a filter; the bar is already read. */
export function parseFilter(stream: TokenStream, input: Expression | null): Filter {
  const { line } = stream.current;
  const name = dottedName(stream);
  return { kind: 'filter', input, name, args: parseArguments(stream, true), line };
}

const ARGUMENT_STARTS: readonly TokenType[] = ['name', 'string', 'integer', 'float', 'lparen', 'lbracket', 'lbrace'];

/** A test takes one argument without parentheses: `x is divisibleby 3`. */
function parseTest(stream: TokenStream, input: Expression): Expression {
  const { line } = stream.next();
  const negated = stream.skipIf('name:not');
  const name = dottedName(stream);
  const test: Expression = { kind: 'test', input, name, args: parseTestArguments(stream), line };
  return negated ? { kind: 'not', operand: test, line } : test;
}

function parseTestArguments(stream: TokenStream): Arguments {
  if (stream.is('lparen')) return parseArguments(stream);
  if (!stream.is(...ARGUMENT_STARTS) || stream.is('name:else', 'name:or', 'name:and')) return NO_ARGUMENTS;
  if (stream.is('name:is')) stream.fail('You cannot chain multiple tests with is');
  return { ...NO_ARGUMENTS, positional: [parsePostfix(stream, parsePrimary(stream))] };
}
