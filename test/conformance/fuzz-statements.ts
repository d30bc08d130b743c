import fc, { type Arbitrary } from 'fast-check';
import { expressions } from './fuzz-expressions.ts';
import { either, many, maybe, seq, word, type Part } from './fuzz-text.ts';

const { any, number, text, list, dict, truth } = expressions;
const DEPTH = fc.createDepthIdentifier();

const plain = fc.constantFrom(
  'x',
  ' ',
  '\n',
  'a b\n',
  '  ',
  '\n  server ',
  '\n\n',
  'text { ',
  ' }\n',
  '\t',
  ' # y',
  '%',
  'end\n',
);
const open = word('{% {%- {%+');
const close = word('%} %} %} -%} +%}');
const tag = (...parts: Part[]): Arbitrary<string> => seq(open, ' ', ...parts, ' ', close);
const print = (value: Part): Arbitrary<string> => seq(word('{{ {{ {{-'), ' ', value, ' ', word('}} }} -}}'));
const variable = word('a k v item t');

/** `x`, or several targets. */
const target = either(variable, word('a,k v,item t,a'), seq('(', word('a,k k,v'), ')'));

const blockFilter = either(
  word('upper lower trim title e safe'),
  "replace('a', 'b')",
  'indent(2)',
  'default(1)|string',
);

function loops(body: Part): Arbitrary<string> {
  const inner = seq(body, maybe(seq(tag('if ', truth), tag(word('break continue')), tag('endif'))), body);
  const guard = maybe(seq(' if ', truth));
  const otherwise = maybe(seq(tag('else'), body));
  return either(
    seq(tag('for ', variable, ' in ', list, guard), inner, otherwise, tag('endfor')),
    seq(tag('for ', variable, ' in ', any), body, otherwise, tag('endfor')),
    seq(tag('for k, v in ', dict, word('.items() |dictsort |items'), guard), inner, otherwise, tag('endfor')),
    seq(tag('for ', target, ' in ', list), body, tag('endfor')),
    seq(
      tag('for item in ', list),
      print(
        either(
          "loop.cycle('a', 'b')",
          'loop.changed(item)',
          'loop.changed(loop.index, item)',
          "loop.cycle(*words) if words else 'none'",
          'loop.length ~ loop.first ~ loop.last',
          'loop.index0 + loop.revindex',
          'loop.nextitem is defined and loop.nextitem',
          'loop.previtem',
          'loop.nextitem',
          'loop.revindex',
          'loop.depth',
          'loop.revindex0',
        ),
      ),
      body,
      tag('endfor'),
    ),
    seq(
      tag('for item in ', list, ' recursive'),
      body,
      tag('if loop.depth < 3 and item is iterable and item is not string'),
      '{{ loop(item) }}',
      tag('endif'),
      tag('endfor'),
    ),
    seq(
      tag('for item in ', list),
      tag('set outer = loop'),
      tag('for t in ', list),
      '{{ outer.index }}',
      body,
      tag('endfor'),
      tag('endfor'),
    ),
  );
}

function assignments(body: Part): Arbitrary<string> {
  return either(
    tag('set ', variable, ' = ', any),
    tag('set ', target, ' = ', either(list, seq(any, ', ', any))),
    seq(tag('set ', variable, maybe(seq(' | ', blockFilter))), body, tag('endset')),
    seq(tag('with ', variable, ' = ', any, maybe(seq(', t = ', any))), body, tag('endwith')),
    seq(tag('set ns = namespace(x=', any, ')'), body, tag('set ns.x = ', any), print('ns.x')),
    tag(
      'do ',
      either(
        seq(word('l m words'), '.', word('append insert_'), '(', any, ')').map((code) =>
          code.replace('insert_(', 'insert(0, '),
        ),
        seq(word('d e'), '.update(a=', any, ')'),
        seq(word('d e'), ".pop('a', none)"),
        seq(word('l m'), '.pop()'),
        seq('d.setdefault(', text, ', ', any, ')'),
        'l.sort()',
        'm.reverse()',
      ),
    ),
  );
}

function definitions(body: Part): Arbitrary<string> {
  const parameters = word('() (p) (p,q=2) (p,q=p) (p=s)').map((code) => code);
  const args = either(
    '()',
    seq('(', any, ')'),
    seq('(', any, ', ', any, ')'),
    seq('(q=', any, ', p=', any, ')'),
    seq('(*[', any, '])'),
    seq("(**{'p': ", any, '})'),
  );
  const uses = either(
    seq(print('p'), print('q')),
    print('varargs'),
    print('kwargs'),
    print("caller() if caller is defined else '-'"),
    body,
  );
  return either(
    seq(
      tag('macro mac', parameters),
      body,
      uses,
      tag('endmacro'),
      print(seq('mac', args)),
      maybe(print(seq('mac', args, '|upper'))),
    ),
    seq(
      tag('macro mac', parameters),
      uses,
      uses,
      '{{ caller() }}',
      tag('endmacro'),
      tag('call mac', args),
      body,
      tag('endcall'),
    ),
    seq(
      tag('macro mac(p)'),
      '{{ caller(p, 1) }}',
      tag('endmacro'),
      tag('call(a, k) mac(', any, ')'),
      print('a'),
      print('k'),
      body,
      tag('endcall'),
    ),
    seq(tag('filter ', blockFilter), body, tag('endfilter')),
    seq(tag('filter ', blockFilter, ' | ', blockFilter), body, tag('endfilter')),
    seq(
      tag(
        'macro mac(p, ',
        word('caller=none q=1 *').map((name) => (name === '*' ? 'q=p' : name)),
        ')',
      ),
      uses,
      body,
      tag('endmacro'),
      print(seq('mac', args, ' ~ mac', args)),
    ),
    seq(
      tag('macro rec(n)'),
      '{{ n }}',
      tag('if n > 0'),
      '{{ rec(n - 1) }}',
      body,
      tag('endif'),
      tag('endmacro'),
      '{{ rec(2) }}',
    ),
    seq(
      tag('if ', truth),
      tag('macro mac(p=1)'),
      body,
      tag('endmacro'),
      tag('endif'),
      print('mac(2) if mac is defined'),
    ),
    seq(tag('autoescape ', word('true false')), body, tag('endautoescape')),
  );
}

const composition = (body: Part): Arbitrary<string> =>
  either(
    tag("include '", word('inc deep nope'), "'", maybe(' ignore missing'), maybe(' with context')),
    tag("include ['nope', 'inc']"),
    seq(
      tag("import 'lib' as lib", maybe(' with context')),
      print(either(seq('lib.m(', any, ')'), 'lib.v', 'lib.nope', 'lib.show()')),
    ),
    seq(tag("from 'lib' import m, v as w", maybe(' with context')), print(seq('m(', any, ')')), print('w')),
    seq(tag('block ', word('one two')), body, tag('endblock')),
    seq(
      tag('for item in ', word('l words')),
      tag('block four scoped'),
      body,
      '{{ item }}',
      tag('endblock'),
      tag('endfor'),
    ),
    seq(tag('for item in l'), tag("import 'lib' as lib"), '{{ lib.m(item) }}', body, tag('endfor')),
    tag('include ', either('missing', 'nil', 's', '[]', "'lib'", 'words')),
    print(word('self.one() self.two()|upper self.nope')),
    tag('extends ', word("'mid' 'nope' zz")),
  );

/** Any number of statements, texts and prints. */
export const body: Arbitrary<string> = fc.letrec<{ body: string; statement: string }>((tie) => {
  const inner = tie('body');
  return {
    body: many(tie('statement'), '', 0, 4),
    statement: fc.oneof(
      { maxDepth: 3, depthIdentifier: DEPTH },
      plain,
      print(any),
      print(any),
      print(either(text, number, list, dict, truth)),
      seq(
        tag('if ', truth),
        inner,
        maybe(seq(tag('elif ', truth), inner)),
        maybe(seq(tag('else'), inner)),
        tag('endif'),
      ),
      loops(inner),
      loops(inner),
      assignments(inner),
      definitions(inner),
      composition(inner),
      seq('\n%% for item in ', list, '\n', inner, '\n  %% endfor\n'),
      seq('\n# if ', truth, '\n', inner, '\n# endif ## c\n', '//', plain),
      seq(word('{# {#-'), ' comment {{ x }} ', word('#} -#}')),
      seq(word('{%- {%'), ' raw ', word('-%} %}'), ' {{ x }} {% if %}\n', word('{%- {%'), ' endraw ', close),
    ),
  };
}).body;

/** A template that fills another one's blocks. */
export const child: Arbitrary<string> = seq(
  tag("extends '", word('base mid'), "'"),
  body,
  either(
    seq(tag('block one'), body, maybe('{{ super() }}'), maybe('{{ self.two() }}'), tag('endblock')),
    seq(tag('block two'), body, maybe('{{ super() }}'), tag('endblock')),
    seq(tag('block three'), body, '{{ item }}', maybe('{{ super() }}'), tag('endblock')),
  ),
);

/** The templates that the generated ones include, import and extend. */
export const companions: Readonly<Record<string, string>> = {
  inc: '<{{ s }}{{ item }}{{ t }}{{ loop is defined }}>',
  deep: "{% for item in l %}{% include 'inc' %}{% endfor %}\n",
  lib: '{% set v = 42 %}{% macro m(p) %}[{{ p }}{{ s }}]{% endmacro %}{% macro show() %}{{ s }}{{ t }}{% endmacro %}',
  base: '({% block one %}base one {{ s }}{% endblock %}|{% block two %}{% for item in l %}{% block three scoped %}{{ item }}{% endblock %}{% endfor %}{% endblock %})',
  mid: "{% extends 'base' %}{% block one %}mid {{ super() }}{% endblock %}",
};
