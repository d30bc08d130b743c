import { describe, expect, it } from 'vitest';
import { Environment, TemplateError, type EnvironmentOptions } from '../src/index.ts';

const templates = {
  itself: "{% include 'itself' %}",
  first: "{% extends 'second' %}",
  second: "{% extends 'first' %}",
};

function failure(source: string, options: EnvironmentOptions = {}): TemplateError {
  try {
    new Environment({ templates, extensions: ['do'], ...options }).renderString(source);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('the template rendered');
}

const nested = (open: string, middle: string, close: string, depth = 100_000): string =>
  open.repeat(depth) + middle + close.repeat(depth);

describe('a template that is nested too deeply is a syntax error', () => {
  it.each([
    ['lists', `{{ ${nested('[', '', ']')} }}`],
    ['parentheses', `{{ ${nested('(', '1', ')')} }}`],
    ['dicts', `{{ ${nested('{1:', '1', '}')} }}`],
    ['brackets that nobody closes', `{{ ${'['.repeat(100_000)}`],
    ['calls in calls', `{{ ${nested('range(', '1', ')', 20_000)} }}`],
    ['subscripts', `{{ x${'[0]'.repeat(20_000)} }}`],
    ['negations', `{{ ${'not '.repeat(100_000)} 1 }}`],
    ['signs', `{{ ${'-'.repeat(100_000)}1 }}`],
    ['sums', `{{ ${'1+'.repeat(20_000)}1 }}`],
    ['conditions', `{{ ${'1 if 1 else '.repeat(100_000)}1 }}`],
    ['filters', `{{ 1${'|string'.repeat(20_000)} }}`],
    ['loops', nested('{% for x in [1] %}', '', '{% endfor %}')],
    ['branches', nested('{% if 1 %}', '', '{% endif %}')],
    ['macros', nested('{% macro m() %}', '', '{% endmacro %}', 20_000)],
  ])('%s', (_name, source) => {
    const error = failure(source);
    expect({ name: error.name, message: error.message, line: error.line }).toEqual({
      name: 'TemplateSyntaxError',
      message: 'the template is nested too deeply',
      line: 1,
    });
  });
});

describe('recursion without an end is a RecursionError with its line', () => {
  it.each([
    ['a macro', '{% macro m() %}\n{{ m() }}{% endmacro %}{{ m() }}'],
    ['a recursive loop', '\n{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}'],
    ['a block', '\n{% block b %}{{ self.b() }}{% endblock %}'],
    [
      'printing what lies deep',
      '{% set n = namespace(l=1) %}{% for i in range(50000) %}{% set n.l = [n.l] %}{% endfor %}\n{{ n.l }}',
    ],
    [
      'comparing what lies deep',
      '{% set n = namespace(l=1, m=1) %}{% for i in range(50000) %}{% set n.l = [n.l] %}{% set n.m = [n.m] %}{% endfor %}\n{{ n.l == n.m }}',
    ],
  ])('%s', (_name, source) => {
    const error = failure(source);
    expect({ name: error.name, line: error.line }).toEqual({ name: 'RecursionError', line: 2 });
  });

  it('an include of itself', () => {
    expect(failure("{% include 'itself' %}").name).toBe('RecursionError');
  });

  it('two templates that extend each other', () => {
    expect(failure("{% extends 'first' %}").name).toBe('RecursionError');
  });
});

describe('what a template makes grow stops at a limit', () => {
  const grow = (step: string, start = "'x'"): string =>
    `{% set n = namespace(s=${start}) %}{% for i in range(60) %}{% set n.s = ${step} %}{% endfor %}{{ n.s|length }}`;

  it.each([
    ['concatenation', grow('n.s ~ n.s')],
    ['sums of strings', grow('n.s + n.s')],
    ['sums of lists', grow('n.s + n.s', '[1]')],
    ['sums of tuples', grow('n.s + n.s', '(1,)')],
    ['sum of lists', grow('[n.s, n.s]|sum(start=[1])', '[1]')],
    ['join', grow('[n.s, n.s]|join')],
    ['%', grow("'%s%s' % (n.s, n.s)")],
    ['format', grow("'{0}{0}'.format(n.s)")],
    ['replace', grow("n.s|replace('x', 'xx')")],
    ['escaping', grow('(n.s ~ n.s)|e', "'<'")],
    ['extend', '{% set l = [1] %}{% for i in range(60) %}{% do l.extend(l) %}{% endfor %}'],
    ['powers', '{% set n = namespace(s=9) %}{% for i in range(60) %}{% set n.s = n.s ** 9 %}{% endfor %}'],
    ['products', '{% set n = namespace(s=9) %}{% for i in range(60) %}{% set n.s = n.s * n.s %}{% endfor %}'],
    ['digits', "{{ ('f' * 1000000)|int(base=16) }}"],
    ['JSON of a list many times in itself', `${grow('[n.s, n.s]')}{{ n.s|tojson }}`],
    ['pprint of a list many times in itself', `${grow('[n.s, n.s]')}{{ n.s|pprint }}`],
    ['links', "{{ ('www.x.com ' * 10000)|urlize(target='y' * 10000) }}"],
    ['wrapped lines', "{{ ('x ' * 10000)|wordwrap(1, wrapstring='y' * 10000) }}"],
    ['printing', "{% for i in range(10000) %}{{ 'x' * 10000 }}{% endfor %}"],
  ])('%s', (_name, source) => {
    const error = failure(source, { maxOutput: 1_000_000, maxRepeat: 1_000_000 });
    expect(error.name, error.message).toBe('SecurityError');
    expect(error.line).toBe(1);
  });

  it('a number in the source with too many digits', () => {
    expect(failure(`{{ ${'9'.repeat(200_000)} }}`).message).toBe('an integer grew past the limit');
  });

  it('the environment renders on after all of that', () => {
    const env = new Environment({ maxOutput: 100 });
    expect(() => env.renderString("{% for i in range(9) %}{{ 'x' * 90 }}{% endfor %}")).toThrow('maxOutput');
    expect(env.renderString("{{ 'x' * 9 }}")).toBe('xxxxxxxxx');
  });
});
