import fc, { type Arbitrary } from 'fast-check';
import { body } from './fuzz-statements.ts';
import { either, maybe, seq, word } from './fuzz-text.ts';

/** Templates whose loops are remembered from one render to the next, and what their bodies may depend on. */

/** The variables that are looped over. */
export const loopNames = ['users', 'm'] as const;

/** What stands before a loop, and what its body does with it. */
const surroundings: Arbitrary<readonly [string, string]> = fc.constantFrom<readonly [string, string]>(
  ['', ''],
  ['{% set own = s %}', '{{ own }}'],
  ['{% set own = [i, s, {"k": 1.0}] %}', '{{ own }}'],
  ['{% set own = [i] %}', '{{ own }}{% do own.append(1) %}'],
  ['{% set own = {"k": s} %}', "{{ own }}{% set f = own['update'] %}{{ f(k=t) }}"],
  ['{% set own = namespace(x=1) %}', '{{ own.x }}{% set own.x = own.x + 1 %}'],
  ['{% set own = cycler(1, 2, 3) %}', '{{ own.next() }}'],
  ['{% set own = joiner() %}', '{{ own() }}'],
  ['{% macro own(p) %}<{{ p }}{{ s }}{{ t }}>{% endmacro %}', '{{ own(item) }}'],
  ['{% set n = cycler(1, 2) %}{% macro own(p) %}{{ n.next() }}{% endmacro %}', '{{ own(item) }}'],
  ["{% from 'lib' import m %}{% import 'lib' as lib %}", '{{ m(item) }}{{ lib.v }}'],
  ['{% set own = t %}', "{% include 'inc' %}"],
  // What these read is known: they are remembered as their surroundings are.
  ['', "{% include 'plain' %}"],
  ['', "{% include 'deeper' %}"],
  ['{% set own = t %}', "{% include 'deeper' %}{{ own }}"],
  ['{% macro own(p) %}{% include "plain" %}{{ p }}{% endmacro %}', '{{ own(item) }}'],
  ['{% set own = [i] %}', "{{ own }}{% include 'changes' %}"],
  // What these get at is not followed.
  ['', "{% include 'imports' %}"],
  ['', "{% include 'extends' %}"],
  ['', "{% include 'answers' %}"],
  ['{% set own = t %}', "{% include 'values' without context %}{% include 'inc' without context %}{{ own }}"],
  ['', "{% include ['gone', 'inc'] %}{% include 'gone' ignore missing %}"],
  ["{% set own = 'inc' %}", '{% include own %}'],
  ["{% set w = 'inc' %}{% macro own() %}{% include w %}{% endmacro %}", '{{ own() }}'],
  ["{% macro own() %}{% import 'values' as l with context %}{{ l.v }}{% endmacro %}", '{{ own() }}'],
  ["{% macro own() %}{% from 'values' import v with context %}{{ v }}{% endmacro %}", '{{ own() }}'],
  // Chance: as often, and in the same order.
  ['', '{{ [s, t, i, 1, 2, 3]|random }}'],
  ['{% macro own() %}{{ range(9)|random }}{% endmacro %}', '{{ own() }}'],
  ['', '{{ [[1, 2, 3], [4, 5, 6]]|map("random")|list }}{{ lipsum(1, false, 2, 9) }}'],
  ['{% macro own() %}{{ s is sameas t }}{{ s }}{% endmacro %}', '{{ own() }}'],
  ['{% macro own() %}{{ s | again }}{% endmacro %}', '{{ own() }}'],
  ['{% macro own() %}{{ caller(s) }}{% endmacro %}', '{% call(p) own() %}{{ p }}{{ t }}{{ item }}{% endcall %}'],
  [
    "{% macro own() %}{% import 'values' as l with context %}{{ l.v }}{{ caller() }}{% endmacro %}",
    '{% call own() %}{{ s }}{% endcall %}',
  ],
  ["{% from 'nested' import own with context %}", '{{ own() }}'],
  ["{% import 'nested' as lib with context %}", '{{ lib.own() }}'],
  ["{% import 'nested' as lib %}", '{% call lib.around() %}{{ lib.own() }}{{ s }}{% endcall %}'],
  [
    '{% macro own(p) %}{% for x in m recursive %}{{ loop.index }}{{ s }}{% endfor %}{{ p }}{% endmacro %}',
    '{{ own(item) }}',
  ],
  [
    '{% macro own() %}{% set n = namespace(x=s) %}{% set n.x = n.x ~ t %}{{ n.x }}{{ varargs }}{{ kwargs }}{% endmacro %}',
    '{{ own(s, k=t) }}',
  ],
);

/** Templates that import, extend or include others; the last ones are edited, removed and put back on the way. */
export const parts: Readonly<Record<string, string>> = {
  plain: '<{{ s }}{{ t }}>',
  deeper: "{{ i }}{% include 'plain' %}",
  changes: '{% do own.append(1) %}',
  imports: "{% from 'values' import v, show with context %}{{ v }}{{ show() }}",
  extends: "{% extends 'under' %}{% block b %}{{ super() }}{{ t }}{% endblock %}",
  nested:
    "{% macro own() %}{% import 'values' as l with context %}{{ l.v }}{{ l.show() }}{% endmacro %}{% macro around() %}<{{ caller() }}{{ s }}>{% endmacro %}",
  asks: '[{{ i }}{% block b required %}{% endblock %}]',
  answers: "{% extends 'asks' %}{% block b %}{{ s }}{{ t }}{% endblock %}",
  under: '({{ s }}{% block b %}{{ i }}{% endblock %})',
  values: '{% set v = s %}{% macro show() %}{{ t }}{{ i }}{% endmacro %}',
};
export const edited = [
  'plain',
  'deeper',
  'changes',
  'inc',
  'lib',
  'nested',
  'under',
  'asks',
  'values',
  'gone',
] as const;

const place = maybe(
  either(
    '{{ loop.index }}',
    '{{ loop.last }}',
    '{{ loop.first }}',
    '{{ loop.revindex }}',
    '{{ loop.previtem is defined }}',
    "{{ loop.cycle('a', 'b') }}",
    '{{ loop.changed(item) }}',
    '{% set outer = loop %}{% for t in [1, 2] %}{{ outer.index }}.{{ loop.index }} {% endfor %}',
    '{% if item %}{% break %}{% endif %}',
    '{% if item %}{% continue %}{% endif %}',
  ),
);

/** Loops as they stand at the top of a template: these are the ones that are remembered. */
const loop: Arbitrary<string> = surroundings.chain(([before, inside]) =>
  seq(
    before,
    '{% for item in ',
    word(loopNames.join(' ')),
    maybe(' if item != s'),
    ' %}',
    place,
    inside,
    place,
    fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: body }),
    '{{ item }}',
    maybe('{% else %}none'),
    '{% endfor %}',
  ),
);

/** A template that reads `users`, `m` and the variables of fuzz-context.ts. */
export const template = either(
  loop,
  seq(loop, loop),
  seq(maybe(body), loop),
  seq('{% block top %}', loop, '{% endblock %}'),
);
