import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inputField } from '@flotilla/domain';
import { RenderThread, TemplateError, TemplateLimitError, defaultLimits } from '../src/index.ts';
import { bundleThread } from './thread-entry.ts';

let bundled: Awaited<ReturnType<typeof bundleThread>>;
const open: RenderThread[] = [];

beforeAll(async () => {
  bundled = await bundleThread();
});
afterAll(() => {
  bundled.remove();
});
afterEach(async () => {
  for (const thread of open.splice(0)) await thread.close();
});

function start(fields: Record<string, string>, limits = {}, undefinedValues: 'lenient' | 'strict' = 'lenient') {
  const thread = new RenderThread({
    settings: { statisticsPassword: 'pw', env: { STAGE: 'test' }, undefinedValues },
    limits: { ...defaultLimits, ...limits },
    threadEntry: bundled.entry,
  });
  open.push(thread);
  thread.update(new Map(Object.entries(fields)));
  const config = async () => (await thread.render()).find(({ path }) => path === 'haproxy.cfg')!.content;
  return {
    thread,
    config,
    set: (field: string, value: string | null) => {
      thread.update(new Map([[field, value]]));
    },
  };
}

const template = inputField('config', 'template');
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
  const { thread, set } = start({ [template]: '{{ services|length }}', [inputField('config', 'x.map')]: 'same' });
  const [config, map] = await thread.render();
  set(service('a'), '{}');
  const [nextConfig, nextMap] = await thread.render();
  expect(nextMap!.content).toBe(map!.content);
  expect(nextConfig!.content).not.toBe(config!.content);
});

test('an endless loop is stopped, and the next render works in a fresh thread with all inputs', async () => {
  const endless = '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}';
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
  expect(await failure(start({ [template]: text }, {}, 'strict').config())).toMatchObject({ code: 'template' });
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
  const { thread } = start({
    [template]: '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}',
  });
  const ending = new AbortController();
  const rendering = failure(thread.render(ending.signal));
  ending.abort(new Error('enough'));
  expect((await rendering).message).toBe('enough');
});

test('templates see nothing of the process', async () => {
  const { config } = start({ [template]: '{{ process }}{{ env.PATH }}{{ env.HOME }}x' });
  expect((await config()).toString()).toBe('x\n');
});
