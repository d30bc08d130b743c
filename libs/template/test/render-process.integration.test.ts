import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { inputField } from '@flotilla/domain';
import { RenderProcess, TemplateError, TemplateLimitError, defaultLimits } from '../src/index.ts';
import { bundleProcess } from './process-entry.ts';

vi.mock('node:child_process', { spy: true });

let bundled: Awaited<ReturnType<typeof bundleProcess>>;
const open: RenderProcess[] = [];

beforeAll(async () => {
  bundled = await bundleProcess();
});
afterAll(() => {
  bundled.remove();
});
afterEach(async () => {
  vi.clearAllMocks();
  for (const templates of open.splice(0)) await templates.close();
});

function start(fields: Record<string, string>, limits = {}, undefinedValues: 'lenient' | 'strict' = 'lenient') {
  const templates = new RenderProcess({
    settings: { statisticsPassword: 'pw', env: { STAGE: 'test' }, undefinedValues },
    limits: { ...defaultLimits, ...limits },
    processEntry: bundled.entry,
  });
  open.push(templates);
  templates.update(new Map(Object.entries(fields)));
  const config = async () => (await templates.render()).find(({ path }) => path === 'haproxy.cfg')!.content;
  return {
    templates,
    config,
    set: (field: string, value: string | null) => {
      templates.update(new Map([[field, value]]));
    },
  };
}

/** The process that was started last. */
const child = (): ChildProcess => vi.mocked(spawn).mock.results.at(-1)?.value as ChildProcess;
const kill = async (signal: NodeJS.Signals): Promise<void> => {
  const ended = new Promise((resolve) => child().once('exit', resolve));
  child().kill(signal);
  await ended;
};

const template = inputField('config', 'template');
const endless = '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}';
const service = (name: string) => inputField('service', name);
const failure = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error as Error,
  );

test('it renders the inputs, and after a change the changed inputs', async () => {
  const { config, set } = start({
    [template]:
      '{{ ssldir }} {{ stats.password }} {{ env.STAGE }} {% for s in services %}{{ s.name }}{{ s.pods|length }} {% endfor %}',
    [service('b')]: '{}',
    [inputField('pod', 'b', 'p')]: '{}',
  });
  expect((await config()).toString()).toBe('/@flotilla-release@/ssl pw test b1 \n');
  set(service('a'), '{}');
  set(inputField('pod', 'b', 'p'), null);
  expect((await config()).toString()).toBe('/@flotilla-release@/ssl pw test a0 b0 \n');
});

test('a file that did not change keeps its Buffer', async () => {
  const { templates, set } = start({ [template]: '{{ services|length }}', [inputField('config', 'x.map')]: 'same' });
  const [config, map] = await templates.render();
  set(service('a'), '{}');
  const [nextConfig, nextMap] = await templates.render();
  expect(nextMap!.content).toBe(map!.content);
  expect(nextConfig!.content).not.toBe(config!.content);
});

test('an endless loop is stopped, and the next render works in a fresh process with all inputs', async () => {
  const { config, set } = start({ [template]: endless, [service('a')]: '{}' }, { timeoutMs: 300 });
  const error = await failure(config());
  expect(error).toBeInstanceOf(TemplateLimitError);
  expect(error.message).toContain('longer than 300 ms');
  set(template, '{{ services[0].name }}');
  expect((await config()).toString()).toBe('a\n');
});

test('a template that takes all memory is stopped, and the next render works', async () => {
  const hog = '{% set kept = [] %}{% for a in range(100000) %}{% do kept.append(range(1000)|list) %}{% endfor %}';
  const { config, set } = start({ [template]: hog }, { heapMb: 64, timeoutMs: 30_000 });
  const error = await failure(config());
  expect(error).toBeInstanceOf(TemplateLimitError);
  expect(error.message).toContain('more than 64 MB');
  set(template, 'ok');
  expect((await config()).toString()).toBe('ok\n');
});

// Each of them made V8 end the whole process that rendered, threads and all.
test.each([
  [
    'texts of one character',
    "{% set kept = [] %}{% for a in range(1000) %}{% do kept.append(('xyz' * 3000000)|list) %}{% endfor %}",
  ],
  [
    'long lists',
    "{% set kept = [] %}{% for a in range(1000) %}{% do kept.append(('x' * 10000000)|list) %}{% endfor %}",
  ],
])('a template that ends its process by %s fails, and the next render works', async (_, bomb) => {
  const { config, set } = start({ [template]: bomb }, { heapMb: 128, timeoutMs: 60_000 });
  expect(await failure(config())).toMatchObject({ code: 'template-limit', limit: 'heapMb' });
  set(template, 'ok');
  expect((await config()).toString()).toBe('ok\n');
});

test('that somebody ends the process is no fault of the template', async () => {
  const { config, set } = start({ [template]: endless });
  const rendering = failure(config());
  await kill('SIGKILL');
  const error = await rendering;
  expect(error).not.toBeInstanceOf(TemplateError);
  expect(error.message).toContain('SIGKILL');
  set(template, 'ok');
  expect((await config()).toString()).toBe('ok\n');
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a %s for the whole group leaves a render alone',
  async (signal) => {
    const { config } = start({ [template]: 'ok' });
    await config();
    child().kill(signal);
    expect((await config()).toString()).toBe('ok\n');
    expect(spawn).toHaveBeenCalledOnce();
  },
);

test('too much output is refused, and the next render works', async () => {
  const { config, set } = start(
    { [template]: '{% for a in range(1000) %}0123456789{% endfor %}' },
    { outputBytes: 9_000 },
  );
  expect(await failure(config())).toMatchObject({ limit: 'outputBytes' });
  set(template, 'ok');
  expect((await config()).toString()).toBe('ok\n');
});

test('a template error names the template and the line', async () => {
  const { config, set } = start({ [template]: 'global\n\n{% if %}' });
  const error = await failure(config());
  expect(error).toBeInstanceOf(TemplateError);
  expect(error).toMatchObject({ code: 'template', place: { template: 'template', line: 3 } });
  expect(error.message).toMatch(/^template "template", line 3: \S/);
  set(template, 'a\n{{ missing() }}');
  expect(await failure(config())).toMatchObject({ code: 'template' });
  set(template, 'ok');
  expect((await config()).toString()).toBe('ok\n');
});

test('an error in an included template does not end the process, and the next render works', async () => {
  const { config, set } = start({ [template]: '{% include "part" %}', [inputField('config', 'part')]: '{% if %}' });
  expect(await failure(config())).toMatchObject({ code: 'template' });
  set(inputField('config', 'part'), 'fixed');
  expect((await config()).toString()).toBe('fixed\n');
});

test('undefined values are empty, and an error in strict mode', async () => {
  const text = 'a{{ missing }}b';
  expect((await start({ [template]: text }).config()).toString()).toBe('ab\n');
  expect(await failure(start({ [template]: text }, {}, 'strict').config())).toMatchObject({
    code: 'template',
    place: { template: 'template', line: 1 },
    message: expect.stringContaining("'missing' is undefined") as string,
  });
});

test('in strict mode a template may still ask whether something is there', async () => {
  const text = '{{ missing|default("none") }} {{ missing is defined }} {% if a is defined %}x{% endif %}';
  expect((await start({ [template]: text }, {}, 'strict').config()).toString()).toBe('none False \n');
});

test.each([
  ['{{ services[0].path }}', "has no attribute 'path'"],
  ['{% for x in missing %}{% endfor %}', "'missing' is undefined"],
  ['{% if missing %}{% endif %}', "'missing' is undefined"],
])('in strict mode %s is an error', async (text, message) => {
  const { config } = start({ [template]: text, [service('a')]: '{}' }, {}, 'strict');
  expect((await failure(config())).message).toContain(message);
});

test('a missing or an empty template says so', async () => {
  const { config, set } = start({});
  expect(await failure(config())).toMatchObject({ code: 'template-missing' });
  set(template, ' \n');
  expect((await failure(config())).message).toContain('it is empty');
});

test('an input that cannot be read fails the render by its name', async () => {
  const { config } = start({ [template]: 'x', [inputField('pod', 'a', 'p')]: '{broken SECRET' });
  const error = await failure(config());
  expect(error.message).toContain('pod/a/p');
  expect(error.message).not.toContain('SECRET');
});

test('an aborted render ends at once', async () => {
  const { templates } = start({ [template]: endless });
  const ending = new AbortController();
  const rendering = failure(templates.render(ending.signal));
  ending.abort(new Error('enough'));
  expect((await rendering).message).toBe('enough');
});

test('closing it ends a render that is under way', async () => {
  const { templates } = start({ [template]: endless });
  const rendering = failure(templates.render());
  await templates.close();
  expect((await rendering).message).toContain('ended by itself');
});

test('inputs that do not fit into the memory fail the render, wherever the process is at, and smaller ones work', async () => {
  const { config, set } = start({ [template]: '{{ services|length }}' }, { heapMb: 24 });
  await config();
  const large = JSON.stringify({ list: Array.from({ length: 400_000 }, (_, at) => ({ at })) });
  const names = ['a', 'b', 'c', 'd'];
  // The process dies of these while nobody waits for it, or while the render below does.
  for (const name of names) set(service(name), large);
  expect(await failure(config())).toMatchObject({ code: 'template-limit', limit: 'heapMb' });
  for (const name of names) set(service(name), '{}');
  expect((await config()).toString()).toBe('4\n');
});

test('a process that died between renders is replaced', async () => {
  const { config } = start({ [template]: '{{ services|length }}', [service('a')]: '{}' });
  await config();
  await kill('SIGKILL');
  expect((await config()).toString()).toBe('1\n');
});

test('a macro that calls itself for ever fails the render, and the process goes on', async () => {
  const { config, set } = start({ [template]: '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}' });
  expect(await failure(config())).toMatchObject({ code: 'template' });
  set(template, 'ok');
  expect((await config()).toString()).toBe('ok\n');
});

test('a range, and a repetition, that are too long fail the render', async () => {
  const { config, set } = start({ [template]: '{{ range(100000000)|list|length }}' });
  expect((await failure(config())).message).toContain('more than the limit');
  set(template, "{{ ('x' * 500000000)|length }}");
  expect((await failure(config())).message).toContain('more than the limit');
});

test('the files of all templates together are bounded', async () => {
  const text = 'x'.repeat(600);
  const { config } = start({ [template]: text, [inputField('config', 'a.map')]: text }, { outputBytes: 1_000 });
  expect(await failure(config())).toMatchObject({ limit: 'outputBytes' });
});

test('the process is handed what changed and nothing else', async () => {
  const fields = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [inputField('pod', 'a', `p${at}`), '{}']));
  const { templates, config, set } = start({ [template]: 'x', [service('a')]: '{}', ...fields });
  await config();
  const post = vi.spyOn(child(), 'send');
  set(inputField('pod', 'a', 'p7'), '{"changed": 1}');
  templates.update(new Map(Object.entries(fields).slice(0, 7)));
  set(inputField('certificate', 'c'), 'CERTIFICATE');
  await config();
  expect(post.mock.calls.map(([message]) => message as unknown)).toEqual([
    { kind: 'update', changes: [[inputField('pod', 'a', 'p7'), '{"changed": 1}']] },
    { kind: 'update', changes: [[inputField('certificate', 'c'), '']] },
    { kind: 'render', seed: expect.any(Number) as number },
  ]);
});

test('after each of many changes the files are those of a fresh process', async () => {
  const text =
    '{% for s in services %}{% set outer = loop %}{% for p in s.pods.values() %}{{ outer.index }} {{ p.ip }} {{ port }}\n{% endfor %}{% endfor %}{{ certificates }}';
  const map = '{% for s in services if s.hosts %}{% for h in s.hosts %}{{ h }} {{ s.name }}\n{% endfor %}{% endfor %}';
  const fields: Record<string, string> = { [template]: text, [inputField('config', 'hosts.map')]: map };
  for (let at = 0; at < 80; at++) {
    fields[service(`s${at}`)] = at % 3 === 0 ? '{}' : `{"hosts": ["h${at}"]}`;
    fields[inputField('pod', `s${at}`, 'p')] = `{"ip": "10.0.0.${at}"}`;
  }
  const { templates, set } = start(fields);
  const changes: [string, string | null][] = [
    [inputField('pod', 's5', 'p'), '{"ip": "10.9.9.9"}'],
    [inputField('pod', 's5', 'q'), '{"ip": "10.9.9.8"}'],
    [service('s40'), null],
    [inputField('pod', 's40', 'p'), null],
    [service('s40b'), '{"hosts": ["new"]}'],
    [inputField('certificate', 'c'), 'x'],
    [inputField('key', 'c'), 'x'],
    [inputField('config', 'hosts.map'), `${map}end`],
    [template, text.replace('port', 'env.STAGE')],
  ];
  for (const [field, value] of changes) {
    set(field, value);
    if (value === null) delete fields[field];
    else fields[field] = value;
    const files = await templates.render();
    const fresh = await start(fields).templates.render();
    expect(files.map(({ path, content }) => [path, content.toString()])).toEqual(
      fresh.map(({ path, content }) => [path, content.toString()]),
    );
  }
});

test('templates see nothing of the process', async () => {
  const { config } = start({ [template]: '{{ process }}{{ env.PATH }}{{ env.HOME }}x' });
  expect((await config()).toString()).toBe('x\n');
});
