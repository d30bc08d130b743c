import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Environment } from '../src/index.ts';
import { environment, escapes, MARK, PAYLOAD, watch } from './escape-watch.ts';

const host = {
  text: 'text',
  number: 1,
  float: 1.5,
  list: [1, 2],
  dict: { a: 1 },
  map: new Map([['a', 1]]),
  date: new Date(0),
  pattern: /x/,
  callback: (): string => 'called',
  bound: Math.max,
  error: new Error('x'),
  symbol: { [Symbol.iterator]: 1 },
  instance: new (class Secret {
    own = 1;
    method(): string {
      return 'method';
    }
  })(),
  proxied: Object.create({ inherited: 'inherited' }) as object,
};

const BASES = [
  "'text'",
  '1',
  '1.5',
  'true',
  'none',
  '[]',
  '{}',
  '(1,)',
  'missing',
  'range',
  'range(3)',
  'dict',
  'cycler',
  "cycler('a')",
  'joiner',
  'joiner()',
  'namespace',
  'namespace(a=1)',
  'lipsum',
  'macro',
  'loop',
  'loop.cycle',
  'self',
  'self.b',
  'super',
  'caller',
  'varargs',
  'kwargs',
  "'x'.upper",
  '[].append',
  '{}.items',
  '{}.items()',
  "'x'.format",
  "'x'|safe",
  'imported',
  'imported.m',
  '[1]|map',
  "[1]|select('odd')",
  '{1: 2}|items',
  "('x'|list)|groupby('0')|first",
  'text',
  'number',
  'float',
  'list',
  'dict',
  'map',
  'date',
  'pattern',
  'callback',
  'bound',
  'error',
  'symbol',
  'instance',
  'proxied',
];

/** Names that JavaScript, Node or this library know and a template must not. */
const FOREIGN = [
  'this',
  'globalThis',
  'process',
  'require',
  'module',
  'exports',
  'arguments',
  'eval',
  'Function',
  'Object',
  'constructor',
  '__proto__',
  'runtime',
  'context',
  'env',
  'environment',
  'frame',
  'undefined',
  'import',
  'new',
];

const NAMES = [
  'constructor',
  '__proto__',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  'call',
  'apply',
  'bind',
  'caller',
  'callee',
  'arguments',
  'name',
  'mainModule',
  'env',
  'binding',
  'require',
  'then',
  'length',
  'inherited',
  'method',
  'own',
  'implementation',
  'run',
  'self',
  'parameters',
  'attributes',
  'values',
  'originals',
  'items',
  'text',
  'runtime',
  'lookup',
  'filters',
  'iterate',
  'truthy',
  'repr',
  'str',
  'equals',
  'typeName',
  'source',
  'next',
  'return',
  'throw',
  'getTime',
  'exec',
  'message',
  'stack',
  'makeError',
  'object',
  'message',
  'fail',
  '__class__',
  '__mro__',
  '__subclasses__',
  '__globals__',
  '__init__',
  '__builtins__',
  '__code__',
  'func_globals',
  'gi_frame',
  'Symbol(Symbol.iterator)',
];

const PRELUDE =
  "{% import 'lib' as imported %}{% macro macro(x) %}{{ x }}{% endmacro %}{% block b %}{% endblock %}{% for loopitem in [1] %}";
const within = (expression: string): string => `${PRELUDE}{{ ${expression} }}{% endfor %}`;
const templates = { lib: '{% macro m() %}{% endmacro %}' };

/** Ways to ask for a part of something whose name stands in the template. */
const WRITTEN: readonly ((base: string, name: string) => string)[] = [
  (base, name) => `(${base}).${name}`,
  (base, name) => `(${base})['${name}']`,
];

/** Ways to ask for a part by an expression that gives its name. */
const COMPUTED: readonly ((base: string, name: string) => string)[] = [
  (base, name) => `(${base})[${name}]`,
  (base, name) => `(${base})|attr(${name})`,
  (base, name) => `[${base}]|map(attribute=${name})|first`,
  (base, name) => `[${base}]|map('attr', ${name})|first`,
  (base, name) => `[${base}]|selectattr(${name})|list`,
  (base, name) => `[${base}]|groupby(${name}, default=0)|first|first`,
  (base, name) => `[${base}, ${base}]|sort(attribute=${name})|list`,
  (base, name) => `[${base}]|sum(attribute=${name}, start=[])`,
  (base, name) => `('{0.' ~ ${name} ~ '}').format(${base})`,
  (base, name) => `('{0[' ~ ${name} ~ ']}').format(${base})`,
  (base, name) => `('{x.' ~ ${name} ~ '}').format_map({'x': ${base}})`,
  (base, name) => `('%(' ~ ${name} ~ ')s') % (${base})`,
  (base, name) => `(('{0.' ~ ${name} ~ '}')|safe).format(${base})`,
];

function attempt(expression: string): string | null {
  return escapes({ source: within(expression), context: host, templates });
}

describe('the watch', () => {
  const host = (run: () => unknown): string | null => escapes({ source: '{{ f() }}', context: { f: run } });

  it('notices code that ran, changed prototypes and printed insides', () => {
    expect(host(() => Object.assign(globalThis, { [MARK]: 1 }))).toMatch('ran code');
    Reflect.deleteProperty(globalThis, MARK);
    expect(host(() => Object.assign(Object.prototype, { polluted: 1 }))).toBe('changed polluted');
    Reflect.deleteProperty(Object.prototype, 'polluted');
    expect(host(() => String(Math.max))).toMatch('showed');
    expect(host(() => 'fine')).toBe(null);
  });
});

describe('nothing reaches past own keys and the fixed tables', () => {
  it.each(FOREIGN)('%s is undefined', (name) => {
    expect(environment(templates).renderString(within(`${name} is defined`), {})).toBe('False');
  });

  it.each(BASES)('from %s', (base) => {
    // One template holds all ways and each render picks one, because compiling is what takes long.
    const written = NAMES.flatMap((name) => WRITTEN.map((way) => way(base, name)));
    const expressions = [...written, ...COMPUTED.map((way) => way(base, 'name'))];
    const ways = expressions.map((expression, index) => `{% if pick == ${index} %}{{ ${expression} }}{% endif %}`);
    const template = environment(templates).compile(`${PRELUDE}${ways.join('')}{% endfor %}`);
    const render = (pick: number, name: string) => (): string => template.render({ ...host, pick, name });
    const computed = COMPUTED.flatMap((_, index) => NAMES.map((name) => render(written.length + index, name)));
    expect(watch([...written.map((_, index) => render(index, '')), ...computed])).toBe(null);
  });

  it.each([
    "constructor.constructor('PAYLOAD')()",
    "''.constructor.constructor('PAYLOAD')()",
    "(1).constructor.constructor('PAYLOAD')()",
    "range.constructor('PAYLOAD')()",
    "''['constructor']['constructor']('PAYLOAD')()",
    "''|attr('constructor')|attr('constructor')('PAYLOAD')",
    "[[]]|map(attribute='constructor.constructor')|first",
    '{}.__proto__.polluted',
    "{}.constructor.assign({}.__proto__, {'polluted': 1})",
    "macro.constructor('PAYLOAD')()",
    "callback.constructor('PAYLOAD')()",
    'callback.call.call(callback)',
    "'{0.constructor.constructor}'.format(callback)",
    "'{0.__class__.__mro__[1].__subclasses__}'.format('')",
    "''.__class__.__mro__[1].__subclasses__()",
    "cycler.__init__.__globals__.os.popen('id').read()",
    'self.__init__.__globals__',
    "lipsum.__globals__['os']",
    'namespace.__init__.__globals__',
    'loop.__class__',
    "dict.fromkeys.constructor('PAYLOAD')()",
    "[].sort(key=callback.constructor('PAYLOAD'))",
    "['PAYLOAD']|map(callback.constructor)|list",
    "['PAYLOAD']|map('constructor')|list",
    '1 is constructor',
    '1|constructor',
    '1|__proto__',
    '1 is __proto__',
    "['x']|select('__proto__')|list",
    "'__proto__' is filter or 'constructor' is test",
  ])('%s', (expression) => {
    expect(attempt(expression.replaceAll('PAYLOAD', PAYLOAD))).toBe(null);
  });
});

describe('no assignment reaches a prototype', () => {
  it.each([
    "{% do {}.update({'__proto__': {'polluted': 1}}) %}",
    "{% do dict.update({'__proto__': {'polluted': 1}}) %}{{ dict.polluted }}",
    "{% do dict.update(__proto__={'polluted': 1}) %}",
    "{% do dict.setdefault('__proto__', {}).update({'polluted': 1}) %}",
    "{% do {}.setdefault('__proto__', {}).update(polluted=1) %}",
    "{% do dict.__proto__.update({'polluted': 1}) %}",
    "{% do dict['__proto__'].update({'polluted': 1}) %}",
    '{% do dict.constructor.prototype.update(polluted=1) %}',
    "{% do dict.pop('toString', none) %}{% do dict.pop('constructor', none) %}",
    "{% do map.update({'__proto__': {'polluted': 1}}) %}",
    "{% set ns = namespace(__proto__={'polluted': 1}) %}{{ ns.polluted }}",
    "{% set ns = namespace({'__proto__': 1}) %}{% set ns.__proto__ = {'polluted': 1} %}{% set ns.constructor = 1 %}{{ ns.polluted }}",
    "{% set x = dict(__proto__={'polluted': 1}) %}{{ x.polluted }}",
    "{% set __proto__ = {'polluted': 1} %}{{ polluted }}",
    '{% set constructor = 1 %}{{ constructor }}',
    '{% set __proto__ %}x{% endset %}{{ __proto__ }}',
    "{% macro m() %}{{ kwargs.polluted }}{% endmacro %}{{ m(__proto__={'polluted': 1}) }}",
    '{% macro __proto__() %}x{% endmacro %}{{ __proto__() }}',
    "{% macro m(__proto__={'polluted': 1}) %}{{ polluted }}{% endmacro %}{{ m() }}",
    "{% for __proto__ in [{'polluted': 1}] %}{{ polluted }}{% endfor %}",
    "{% with __proto__ = {'polluted': 1} %}{{ polluted }}{% endwith %}",
    '{% block __proto__ %}x{% endblock %}{{ self.__proto__ }}{{ self.constructor }}',
    "{% import 'lib' as __proto__ %}{{ polluted }}{{ __proto__.m() }}",
    "{% from 'lib' import m as __proto__ %}{{ polluted }}",
    '{% do list.append(list) %}{% do list.extend([1]) %}{{ list.length }}',
    "{{ '%(__proto__)s' % {} }}",
    "{{ ({'__proto__': {'polluted': 1}}).polluted }}{{ {}.polluted }}",
    '{{ \'{"__proto__": 1}\'|tojson }}',
    "{% do proxied.update({'inherited': 2}) %}",
    "{% do instance.update({'own': 2}) %}{% set instance.own = 2 %}",
  ])('%s', (source) => {
    expect(
      escapes({ source, context: { ...host, dict: { a: 1 }, list: [1], map: new Map([['a', 1]]) }, templates }),
    ).toBe(null);
    expect(({} as Record<string, unknown>)['polluted']).toBe(undefined);
  });
});

describe('no name or text becomes code', () => {
  const HOSTILE = [
    '"+PAYLOAD+"',
    "'+PAYLOAD+'",
    '`+PAYLOAD+`',
    '${PAYLOAD}',
    '`${PAYLOAD}`',
    "\\'+PAYLOAD+\\'",
    '\\");PAYLOAD;("',
    '*/PAYLOAD/*',
    '//\u2028PAYLOAD',
    '\u2029PAYLOAD',
    '\nPAYLOAD\n',
    '\r\nPAYLOAD//',
    '</script>',
    '\0',
    '\\u0027+PAYLOAD',
    "']);PAYLOAD;//",
    '\\',
    '\ud800',
  ].map((text) => text.replaceAll('PAYLOAD', PAYLOAD));

  const PLACES: Readonly<Record<string, (text: string) => string>> = {
    'a variable': (text) => `{{ ${text} }}`,
    'an attribute': (text) => `{{ dict.${text} }}`,
    'a filter': (text) => `{{ 1|${text} }}`,
    'a test': (text) => `{{ 1 is ${text} }}`,
    'a macro': (text) => `{% macro ${text}() %}{% endmacro %}`,
    'a parameter': (text) => `{% macro m(${text}) %}{% endmacro %}{{ m() }}`,
    'a keyword': (text) => `{{ range(${text}=1) }}`,
    'a block': (text) => `{% block ${text} %}{% endblock %}`,
    'a target': (text) => `{% set ${text} = 1 %}`,
    'a loop target': (text) => `{% for ${text} in [1] %}{% endfor %}`,
    'an import': (text) => `{% import 'lib' as ${text} %}`,
    'an imported name': (text) => `{% from 'lib' import ${text} %}`,
    'a namespace attribute': (text) => `{% set ns = namespace() %}{% set ns.${text} = 1 %}`,
    'a tag': (text) => `{% ${text} %}`,
    'a number': (text) => `{{ 1${text} }}`,
    'an included name': (text) => `{% include ${JSON.stringify(text)} ignore missing %}`,
    'an extended name': (text) => `{% extends ${JSON.stringify(text)} %}`,
    'a comment': (text) => `{# ${text} #}`,
    'a raw block': (text) => `{% raw %}${text}{% endraw %}`,
    'an item': (text) => `{{ dict[${JSON.stringify(text)}] }}`,
    'a keyword by its text': (text) => `{{ dict(**{${JSON.stringify(text)}: 1}) }}`,
    'a keyword of a macro by its text': (text) =>
      `{% macro m() %}{{ kwargs }}{% endmacro %}{{ m(**{${JSON.stringify(text)}: 1}) }}`,
    'a namespace attribute by its text': (text) => `{{ namespace({${JSON.stringify(text)}: 1}) }}`,
    'an attribute by its text': (text) => `{{ [dict]|map(attribute=${JSON.stringify(text)})|list }}`,
    'a test by name': (text) => `{{ [1]|select(${JSON.stringify(text)})|list }}`,
    'a format field': (text) => `{{ ${JSON.stringify(`{0.${text}}{0[${text}]}`)}.format(dict) }}`,
    'a conversion': (text) => `{{ ${JSON.stringify(`%(${text})s`)} % dict }}`,
    'a block at its end': (text) => `{% block a %}{% endblock ${text} %}`,
    'a filter block': (text) => `{% filter ${text} %}x{% endfilter %}`,
    'a called block': (text) => `{% call(${text}) m() %}{% endcall %}`,
    'an extension': (text) => `{% trans ${text}=1 %}x{% endtrans %}`,
    'a filter by name': (text) => `{{ [1]|map(${JSON.stringify(text)})|list }}`,
  };

  for (const [place, put] of Object.entries(PLACES)) {
    it(`as ${place}`, () => {
      for (const text of HOSTILE)
        expect(escapes({ source: put(text), context: host, templates }), put(text)).toBe(null);
    });
  }

  it('in plain text, strings and contexts', () => {
    for (const text of HOSTILE) {
      const render = (source: string): string =>
        new Environment({ keepTrailingNewline: true }).renderString(source, { text, [text]: 1 });
      const normal = text.replace(/\r\n|\r/g, '\n');
      expect(render(text)).toBe(normal);
      expect(render('{{ text }}')).toBe(text);
      expect(escapes({ source: `{{ ${JSON.stringify(text)} }}` })).toBe(null);
      expect(escapes({ source: `{% set x %}${text}{% endset %}{{ x }}` })).toBe(null);
    }
  });

  it('in names of templates', () => {
    for (const text of HOSTILE) {
      expect(
        escapes({
          source: '{% include name %}{% import name as x %}',
          context: { name: text },
          templates: { [text]: '{{ missing.x }}' },
        }),
      ).toBe(null);
    }
  });

  it("names that mean something in JavaScript are a template's own", () => {
    const names =
      'this arguments eval await yield let class var const function new delete typeof void null undefined runtime context env frame output result args kwargs self0 module exports require process globalThis Object Map Symbol constructor __proto__ toString'.split(
        ' ',
      );
    for (const name of names) {
      const source = `{% set ${name} = 'own' %}{{ ${name} }}{% macro m(${name}) %}{{ ${name} }}{% endmacro %}{{ m('arg') }}{% for ${name} in ['item'] %}{{ ${name} }}{% endfor %}{{ ${name} }}`;
      expect(new Environment({}).renderString(source, {}), name).toBe('ownargitemown');
    }
  });
});

describe('random attempts', () => {
  const numRuns = Number(process.env['FUZZ_RUNS'] ?? 150);
  const WAYS = [...WRITTEN, ...COMPUTED.map((way) => (base: string, name: string) => way(base, `'${name}'`))];
  const name = fc.constantFrom(...NAMES);
  const chain = fc
    .tuple(fc.constantFrom(...BASES), fc.array(fc.tuple(fc.nat(WAYS.length), name), { minLength: 1, maxLength: 4 }))
    .map(([base, steps]) =>
      steps.reduce((expression, [way, step]) => WAYS[way]?.(expression, step) ?? `(${expression})('${PAYLOAD}')`, base),
    );

  it('chains of access get nowhere', () => {
    fc.assert(
      fc.property(chain, (expression) => {
        expect(attempt(expression)).toBe(null);
      }),
      { numRuns },
    );
  });

  it('no text in a template becomes code', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '{{',
        '}}',
        '{%',
        '%}',
        '{#',
        '#}',
        "'",
        '"',
        '`',
        '\\',
        '${',
        '}',
        '\u2028',
        '\n',
        ' ',
        '|',
        '.',
        '[',
        ']',
        '(',
        ')',
        '=',
        ',',
        '*/',
        '//',
        PAYLOAD,
      ),
      fc.constantFrom(
        'if',
        'for',
        'in',
        'set',
        'macro',
        'block',
        'endif',
        'endfor',
        'endmacro',
        'x',
        'include',
        'raw',
        'endraw',
        'import',
        'is',
        'not',
        'filter',
        'call',
        '1',
      ),
      name,
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        expect(escapes({ source: pieces.join(' '), context: host, templates })).toBe(null);
        expect(escapes({ source: `{{ ${pieces.join('')} }}`, context: host, templates })).toBe(null);
      }),
      { numRuns },
    );
  });
});
