import { expect, test } from 'vitest';
import { createEngine } from '../src/jinja-engine.ts';
import { renderAll, whole } from '../src/rendered-files.ts';
import { usesStats } from '../src/stats-use.ts';

function render(templates: Record<string, string>, context: Record<string, unknown> = {}) {
  const engine = createEngine({ strict: false, maxOutput: 1_000_000 });
  const loaded = new Map(Object.entries(templates));
  engine.load(loaded);
  const files = renderAll(engine, loaded, context);
  return Object.fromEntries(files.map(({ path, text }) => [path, whole(text)]));
}

test('the configuration always ends with one newline of its own', () => {
  expect(render({ template: 'a' })['haproxy.cfg']).toBe('a\n');
  expect(render({ template: 'a\n' })['haproxy.cfg']).toBe('a\n');
  expect(render({ template: 'a\n\n' })['haproxy.cfg']).toBe('a\n');
  expect(render({ template: 'a\n{{ x }}' }, { x: 'b\n' })['haproxy.cfg']).toBe('a\nb\n');
});

test('keys with a file ending are rendered beside it, others are not', () => {
  const files = render(
    {
      template: 'x',
      'hosts.map': '{{ host }} one\n',
      '503.http': 'HTTP/1.0 503 Gone\n\n',
      'notes.txt': 'not a file',
      'script.lua': 'core.log()',
      'a.cfg.inc': 'inc',
      'white.lst': '10.0.0.0/8',
    },
    { host: 'h' },
  );
  expect(files).toEqual({
    'haproxy.cfg': 'x\n',
    'files/hosts.map': 'h one\n',
    'files/503.http': 'HTTP/1.0 503 Gone\n\n',
    'files/script.lua': 'core.log()\n',
    'files/a.cfg.inc': 'inc\n',
    'files/white.lst': '10.0.0.0/8\n',
  });
});

test('templates include each other by key', () => {
  const files = render(
    { template: '{% for s in list %}{% include "one.cfg.inc" %}\n{% endfor %}', 'one.cfg.inc': 'server {{ s.a }}\n' },
    { list: [{ a: 1 }, { a: 2 }] },
  );
  expect(files['haproxy.cfg']).toBe('server 1\nserver 2\n');
});

test('a part that cannot be rendered alone is left out, unless something points to it', () => {
  const part = '{{ nothing.at.all() }}';
  const included = '{% if no %}{% include "part.cfg.inc" %}{% endif %}ok';
  expect(Object.keys(render({ template: included, 'part.cfg.inc': part }))).toEqual(['haproxy.cfg']);
  expect(() => render({ template: 'ok', 'part.cfg.inc': part })).toThrow();
  expect(() =>
    render(
      { template: `${included} {{ filesdir }}/part.cfg.inc`, 'part.cfg.inc': part },
      { filesdir: '/@flotilla-release@/files' },
    ),
  ).toThrow();
});

test('a template reads stats where the variable stands in a tag', () => {
  expect(usesStats('stats auth {{ stats.username }}:{{ stats.password }}')).toBe(true);
  expect(usesStats('{% if stats %}x{% endif %}')).toBe(true);
  expect(usesStats('{{ stats["password"] }}')).toBe(true);
  expect(usesStats('stats uri /haproxy\n{{ service.stats }}')).toBe(false);
  expect(usesStats("{# {{ stats.password }} #}{{ 'stats' }}")).toBe(false);
});

test('a template that changes its inputs leaves no trace for the next render', () => {
  const engine = createEngine({ strict: false, maxOutput: 1_000_000 });
  const service = engine.parse('{"ports":[1,2],"labels":{"10":"a","9":"b"}}');
  const templates = new Map([
    ['template', '{% do s.ports.append(3) %}{% do s.labels.update({"x": 1}) %}{{ s.ports }} {{ s.labels }}'],
  ]);
  engine.load(templates);
  for (let round = 0; round < 2; round++) {
    expect(whole(renderAll(engine, templates, { s: service })[0]!.text)).toBe(
      "[1, 2, 3] {'10': 'a', '9': 'b', 'x': 1}\n",
    );
  }
});

test('a failing template names the line, the expression and the nearest name', () => {
  const text = 'global\n\nbackend x\n  server {{ service.pod.name }}\n';
  expect(() => render({ template: text }, { service: { pods: 1 } })).toThrow(
    expect.objectContaining({
      template: 'template',
      line: 4,
      message: expect.stringMatching(/no attribute 'pod' \(did you mean "pods"\?\), in \{\{ service\.pod\.name \}\}/),
    }),
  );
  expect(() => render({ template: '\n{% include "none" %}' })).toThrow(/there is no template "none"/);
});
