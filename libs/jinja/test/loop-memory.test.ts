import { expect, it } from 'vitest';
import { Environment, LoopMemory, type Piece } from '../src/index.ts';

const textOf = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('');

/** Renders over and over with one memory; tells which items' names were read, which a body that is not run does not. */
function renderer(source: string, others: Record<string, string> = {}) {
  const templates: Record<string, string> = { ...others, main: source };
  const environment = new Environment({ templates: (name) => templates[name], extensions: ['do', 'loopcontrols'] });
  const memory = new LoopMemory();
  let read: string[] = [];
  const item = (name: string, more: object = {}): object =>
    Object.freeze(
      Object.defineProperty({ ...more }, 'name', {
        enumerable: true,
        get: () => {
          read.push(name);
          return name;
        },
      }),
    );
  const render = (context: object): { text: string; read: string[] } => {
    const expected = environment.render('main', context);
    read = [];
    const text = textOf(environment.renderAgain('main', context, memory));
    expect(text).toBe(expected);
    return { text, read: [...new Set(read)] };
  };
  return { render, item, templates };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `n${at}`);

/** Renders the items twice and gives what the second time read. */
function readAgain(source: string, context: object = {}, others: Record<string, string> = {}): string[] {
  const { render, item } = renderer(source, others);
  const items = ['a', 'b', 'c'].map((name) => item(name));
  render({ items, ...context });
  return render({ items, ...context }).read;
}

it('only an item that changed is rendered again', () => {
  const { render, item } = renderer('{% for x in items %}<{{ x.name }}>{% endfor %}');
  const items = names(100).map((name) => item(name));
  expect(render({ items }).read).toHaveLength(100);
  expect(render({ items }).read).toEqual([]);
  for (const at of [0, 40, 41, 99]) {
    items[at] = item(`new${at}`);
    expect(render({ items }).read).toEqual([`new${at}`]);
    expect(render({ items }).read).toEqual([]);
  }
});

it('items that come, go or move take none of the others along', () => {
  const { render, item } = renderer('{% for x in items %}<{{ x.name }}>{% endfor %}');
  const items = names(100).map((name) => item(name));
  render({ items });
  expect(render({ items: items.filter((_, at) => at !== 7 && at !== 8) }).read).toEqual([]);
  expect(render({ items: [...items.slice(0, 50), item('new'), ...items.slice(50)] }).read).toContain('new');
  render({ items });
  const turned = [...items.slice(60), ...items.slice(0, 60)];
  expect(render({ items: turned }).read.length).toBeLessThan(10);
});

it('a body that reads its index is rendered again where the index is another', () => {
  const { render, item } = renderer(
    '{% for x in items %}{% set outer = loop %}{% for i in [1] %}{{ outer.index }}{{ x.name }} {% endfor %}{% endfor %}',
  );
  const items = names(70).map((name) => item(name));
  render({ items });
  expect(render({ items }).read).toEqual([]);
  const { text, read } = render({ items: items.filter((_, at) => at !== 60) });
  expect(read).toEqual(names(70).slice(61));
  expect(text.endsWith(' 69n69 ')).toBe(true);
});

it('a body that asks for the last item is rendered again where that is another', () => {
  const { render, item } = renderer('{% for x in items %}{{ x.name }}{{ "," if not loop.last }}{% endfor %}');
  const [a, b, c] = ['a', 'b', 'c'].map((name) => item(name));
  expect(render({ items: [a, b] }).text).toBe('a,b');
  const { text, read } = render({ items: [a, b, c] });
  expect(text).toBe('a,b,c');
  expect(read).toEqual(['b', 'c']);
});

it('all bodies are rendered again when a variable they read has changed, and only then', () => {
  const { render, item } = renderer(
    '{% set p = port %}{% for x in items %}{{ x.name }}:{{ p }}{{ ":" ~ q.z }}{% endfor %}',
  );
  const items = ['a', 'b'].map((name) => item(name));
  const q = Object.freeze({ z: 1 });
  render({ items, port: 80, q });
  expect(render({ items, port: 80, q, other: 1 }).read).toEqual([]);
  expect(render({ items, port: 81, q }).text).toBe('a:81:1b:81:1');
  expect(render({ items, port: 81, q: Object.freeze({ z: 2 }) }).text).toBe('a:81:2b:81:2');
});

it('an object that is not frozen is never taken for unchanged', () => {
  const { render, item } = renderer('{% for x in items %}{{ x.name }}{{ q.z }}{% endfor %}');
  const [items, q] = [[item('a')], { z: 1 }];
  expect(render({ items, q }).text).toBe('a1');
  q.z = 2;
  expect(render({ items, q }).text).toBe('a2');
  const thawed = { name: 'x' };
  expect(render({ items: [thawed], q: 1 }).text).toBe('x');
  thawed.name = 'y';
  expect(render({ items: [thawed], q: 1 }).text).toBe('y');
});

it.each([
  ['a namespace', '{% set ns = namespace(n=0) %}{% for x in items %}{{ x.name }}{% set ns.n = ns.n + 1 %}{% endfor %}'],
  ['a cycler', '{% set c = cycler(1, 2) %}{% for x in items %}{{ x.name }}{{ c.next() }}{% endfor %}'],
  ['a joiner', '{% set j = joiner() %}{% for x in items %}{{ j() }}{{ x.name }}{% endfor %}'],
  ['the item before', '{% for x in items %}{{ x.name }}{{ loop.previtem is defined }}{% endfor %}'],
  ['what changed', '{% for x in items %}{{ x.name }}{{ loop.changed(1) }}{% endfor %}'],
  ['chance', '{% for x in items %}{{ x.name }}{{ [1]|random }}{% endfor %}'],
  ['chance by name', '{% for x in items %}{{ x.name }}{{ [[1]]|map("random")|list }}{% endfor %}'],
  ['a filter of any name', '{% for x in items %}{{ x.name }}{{ ["a"]|map(upper)|list }}{% endfor %}'],
  ['a function of the caller', '{% for x in items %}{{ x.name }}{{ call() }}{% endfor %}'],
  ['a list that it changes', '{% set l = [] %}{% for x in items %}{{ x.name }}{% do l.append(1) %}{% endfor %}{{ l }}'],
  [
    'a list that it changes by another way',
    "{% set l = [] %}{% for x in items %}{{ x.name }}{% set f = l['append'] %}{{ f(1) }}{% endfor %}{{ l }}",
  ],
  ['a block', '{% for x in items %}{{ x.name }}{% block b scoped %}{{ x.name }}{% endblock %}{% endfor %}'],
  [
    'a loop that it may leave',
    '{% for x in items %}{{ x.name }}{% if x.name == "c" %}{% break %}{% endif %}{% endfor %}',
  ],
])('a body that depends on %s is always rendered', (_what, source) => {
  expect(readAgain(source, { call: () => 1, upper: 'upper' })).toEqual(['a', 'b', 'c']);
});

it.each([
  ['a list of the template', '{% set l = [80, {"a": 1.0}] %}{% for x in items %}{{ x.name }}{{ l }}{% endfor %}'],
  [
    'a namespace of its own',
    '{% for x in items %}{% set n = namespace() %}{% set n.a = x.name %}{{ n.a }}{% endfor %}',
  ],
  ['a list of its own', '{% for x in items %}{% set l = [] %}{% do l.append(x.name) %}{{ l }}{% endfor %}'],
  ['a condition', '{% for x in items if x %}{{ loop.index }}{{ x.name }}{% endfor %}'],
  [
    'what it passes over',
    '{% for x in items %}{% if x.name == "b" %}{% continue %}{% endif %}{{ x.name }}{% endfor %}',
  ],
  ['a loop left early', '{% for x in items %}{% for y in [1, 2] %}{{ x.name }}{% break %}{% endfor %}{% endfor %}'],
  ['pairs', '{% for k, x in {"k": items[0]}.items() %}{{ k }}{{ x.name }}{% endfor %}'],
  ['a macro', '{% macro m(x) %}{{ x.name }}{{ z }}{% endmacro %}{% for x in items %}{{ m(x) }}{% endfor %}'],
  [
    'a loop in a macro',
    '{% macro m(z) %}{% for x in items %}{{ x.name }}{{ z }}{% endfor %}{% endmacro %}{{ m(1) }}{{ m(2) }}',
  ],
  ['an imported macro', '{% from "lib" import m %}{% for x in items %}{{ m(x) }}{% endfor %}'],
  ['an imported template', '{% import "lib" as lib %}{% for x in items %}{{ lib.m(x) }}{% endfor %}'],
  ['an included template', '{% for x in items %}{% include "part" %}{% endfor %}'],
  [
    'a loop for each of many',
    '{% macro m(l) %}{% for x in l %}{{ x.name }}{% endfor %}{% endmacro %}{% for i in [0, 1, 2] %}{{ m([items[i]]) }}{{ loop.nextitem }}{% endfor %}',
  ],
])('a body with %s is remembered', (_what, source) => {
  const others = {
    lib: '{% macro m(x) %}{{ x.name }}{% endmacro %}',
    part: '({{ x.name }}{{ z }}{% include "deep" ignore missing %})',
  };
  expect(readAgain(source, {}, others)).toEqual([]);
});

it('a macro is not taken for the one of the same name that it was', () => {
  const { render, item, templates } = renderer(
    '{% from "lib" import m %}{% macro own(x) %}{{ x.name }}{{ z }}{% endmacro %}{% for x in items %}{{ m(x) }}{{ own(x) }}{% endfor %}',
    { lib: '{% set v = 1 %}{% macro m(x) %}{{ x.name }}{{ v }}{% endmacro %}' },
  );
  const items = [item('a')];
  expect(render({ items, z: 1 }).text).toBe('a1a1');
  expect(render({ items, z: 2 }).text).toBe('a1a2');
  templates['lib'] = '{% set v = 5 %}{% macro m(x) %}{{ x.name }}{{ v }}{% endmacro %}';
  expect(render({ items, z: 2 }).text).toBe('a5a2');
});

it('an included template is rendered again when it or what it reads has changed', () => {
  const { render, item, templates } = renderer(
    '{% set v = w %}{% for x in items %}{% set own = x.name %}{% include "part" %}{% endfor %}',
    { part: '{{ own }}{{ v }}{% include "deep" ignore missing %}' },
  );
  const items = [item('a')];
  expect(render({ items, w: 1 }).text).toBe('a1');
  expect(render({ items, w: 2 }).text).toBe('a2');
  templates['deep'] = '[{{ z }}]';
  expect(render({ items, w: 2, z: 1 }).text).toBe('a2[1]');
  expect(render({ items, w: 2, z: 2 }).text).toBe('a2[2]');
  expect(render({ items, w: 2, z: 2 }).read).toEqual([]);
  templates['part'] = 'new';
  expect(render({ items, w: 2, z: 2 }).text).toBe('new');
});

it('a render that fails leaves nothing wrong behind', () => {
  const { render, item } = renderer('{% for x in items %}{{ x.name }}{{ 1 // x.n }}{% endfor %}');
  const [a, b] = [item('a', { n: 1 }), item('b', { n: 1 })];
  render({ items: [a, b] });
  const bad = item('bad', { n: 0 });
  expect(() => render({ items: [a, bad, b] })).toThrow(/division/);
  expect(render({ items: [a, b] }).text).toBe('a1b1');
});

/** Bodies that get at something in a way that is not followed: what they depend on is not known, so they run again. */
const notFollowed: Record<string, { source: string; parts?: Record<string, string>; edited?: Record<string, string> }> =
  {
    'a call block in a macro that the loop calls': {
      source:
        '{% macro port() %}{{ port_of.shop }}{% endmacro %}{% macro box() %}{{ caller() }}{% endmacro %}' +
        '{% macro line(x) %}{% call box() %}{% import "lib" as lib with context %}{{ lib.port }}{% endcall %}{% endmacro %}' +
        '{% for x in items %}{{ line(x) }}{{ x.name }}{% endfor %}',
      parts: { lib: '{% set port = port_of.shop %}' },
    },
    'a call block in a loop': {
      source:
        '{% macro box() %}{% import "lib" as lib with context %}{{ lib.port }}{{ caller() }}{% endmacro %}' +
        '{% for x in items %}{% call box() %}{{ x.name }}{% endcall %}{% endfor %}',
      parts: { lib: '{% set port = port_of.shop %}' },
    },
    'an included part that imports': {
      source: '{% for x in items %}{% include "part" %}{{ x.name }}{% endfor %}',
      parts: {
        part: '{% from "macros" import server with context %}{{ server() }}',
        macros: '{% macro server() %}{{ port_of.shop }}{% endmacro %}',
      },
      edited: { macros: '{% macro server() %}edited{% endmacro %}' },
    },
    'an included part that extends': {
      source: '{% for x in items %}{% include "part" %}{{ x.name }}{% endfor %}',
      parts: { part: '{% extends "base" %}', base: '{{ port_of.shop }}{% block b %}{% endblock %}' },
      edited: { base: 'edited{% block b %}{% endblock %}' },
    },
    'a macro that imports': {
      source:
        '{% macro m() %}{% import "lib" as lib with context %}{{ lib.port }}{% endmacro %}{% for x in items %}{{ m() }}{{ x.name }}{% endfor %}',
      parts: { lib: '{% set port = port_of.shop %}' },
      edited: { lib: '{% set port = "edited" %}' },
    },
    'a macro that compares by sameas': {
      source:
        '{% macro m() %}{{ port_of.shop is sameas 80 }}{{ port_of.shop }}{% endmacro %}{% for x in items %}{{ m() }}{{ x.name }}{% endfor %}',
    },
    'a macro that uses a filter of the host': {
      source:
        '{% macro m() %}{{ port_of.shop | again }}{% endmacro %}{% for x in items %}{{ m() }}{{ x.name }}{% endfor %}',
    },
    'a macro that includes by a variable': {
      source:
        '{% set which = "part" %}{% macro m() %}{% include which %}{% endmacro %}{% for x in items %}{{ m() }}{{ x.name }}{% endfor %}',
      parts: { part: '{{ port_of.shop }}' },
      edited: { part: 'edited' },
    },
    'a macro of an imported template that imports another': {
      source:
        '{% import "macros" as macros with context %}{% for x in items %}{{ macros.server() }}{{ x.name }}{% endfor %}',
      parts: {
        macros: '{% macro server() %}{% import "lib" as lib with context %}{{ lib.port }}{% endmacro %}',
        lib: '{% set port = port_of.shop %}',
      },
      edited: { lib: '{% set port = "edited" %}' },
    },
  };

it.each(Object.entries(notFollowed))(
  '%s is not taken for one that never changes',
  (_, { source, parts = {}, edited = {} }) => {
    const templates: Record<string, string> = { ...parts, main: source };
    const environment = new Environment({
      templates: (name) => templates[name],
      extensions: ['do', 'loopcontrols'],
      filters: { again: (value: unknown) => `${String(value)}!` },
    });
    const memory = new LoopMemory();
    const items = Object.freeze(['a', 'b', 'c'].map((name) => Object.freeze({ name })));
    const render = (port: number): string => {
      const context = { items, port_of: Object.freeze({ shop: port }) };
      const expected = environment.render('main', context);
      expect(textOf(environment.renderAgain('main', context, memory))).toBe(expected);
      return expected;
    };
    expect(render(80)).toContain('80');
    expect(render(80)).toContain('80');
    expect(render(8080)).toContain('8080');
    Object.assign(templates, edited);
    if (Object.keys(edited).length > 0) {
      expect(render(8080)).toContain('edited');
    }
  },
);
