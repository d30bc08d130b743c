import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inputField } from '@flotilla/domain';
import { staleParts, staleRenders } from '@flotilla/testkit';
import { RenderProcess, compareWithFull, defaultLimits } from '../src/index.ts';
import { bundleProcess } from './process-entry.ts';

type Bundled = Awaited<ReturnType<typeof bundleProcess>>;
let good: Bundled;
let faulty: Bundled;
const open: RenderProcess[] = [];

beforeAll(async () => {
  [good, faulty] = await Promise.all([bundleProcess(), bundleProcess([staleRenders])]);
});
afterAll(() => {
  good.remove();
  faulty.remove();
});
afterEach(async () => {
  for (const templates of open.splice(0)) await templates.close();
});

const template = inputField('config', 'template');
const service = (name: string) => inputField('service', name);

function start(fields: Record<string, string>, { entry }: Bundled = good) {
  const options = {
    settings: { statisticsPassword: 'pw', env: {}, undefinedValues: 'lenient' as const },
    limits: defaultLimits,
    processEntry: entry,
  };
  const templates = new RenderProcess(options);
  open.push(templates);
  const set = (changes: Record<string, string | null>) => {
    templates.update(new Map(Object.entries(changes)));
  };
  set(fields);
  const text = async () => (await templates.render()).find(({ path }) => path === 'haproxy.cfg')!.content.toString();
  /** Undefined when the last result was a full one. */
  const compare = (signal?: AbortSignal) => {
    const result = templates.incrementalResult();
    return result && compareWithFull(result, options, signal);
  };
  return { templates, set, text, compare };
}

const stale = {
  [template]: `${staleParts.macro}first\n{% for s in services %}${staleParts.call} {{ s.name }}\n{% endfor %}`,
  [inputField('config', 'seen')]: staleParts.seen,
  [service('a')]: '{}',
};
const another = { [service('b')]: '{}' };

test('only a result that was made with the help of earlier ones is there to be compared', async () => {
  const { templates, set, text } = start({ [template]: 'x' });
  expect(templates.incrementalResult()).toBeUndefined();
  await text();
  expect(templates.incrementalResult()).toBeUndefined();
  set({ [service('a')]: '{}' });
  await text();
  expect(templates.incrementalResult()).toBeDefined();
  templates.renew();
  await text();
  expect(templates.incrementalResult()).toBeUndefined();
});

test('a stale result differs from the full render of its inputs, and a renewed process gives the right one', async () => {
  const { templates, set, text, compare } = start(stale, faulty);
  expect(await text()).toBe('first\n1 a\n');
  set(another);
  expect(await text()).toBe('first\n1 a\n2 b\n');
  expect(await compare()).toEqual({ kind: 'file', path: 'haproxy.cfg', line: 2, files: 1 });
  templates.renew();
  expect(await text()).toBe('first\n2 a\n2 b\n');
  set({ [service('b')]: null });
  await text();
  expect(await compare()).toMatchObject({ kind: 'file', line: 2 });
});

test('without a fault there is no difference, and none for changes that came after the result', async () => {
  const { set, text, compare } = start(stale);
  await text();
  set(another);
  expect(await text()).toBe('first\n2 a\n2 b\n');
  set({ [service('a')]: null, [service('b')]: '{}', [template]: 'another' });
  expect(await compare()).toBeUndefined();
  set({ [template]: '{% if %}' });
  await expect(text()).rejects.toThrow('line 1');
  expect(await compare()).toBeUndefined();
  set({ [template]: 'another' });
  await text();
  expect(await compare()).toBeUndefined();
});

test('chance makes no difference, and is another one in each render', async () => {
  const { set, text, compare } = start({
    [template]:
      '{{ range(1000)|random }} {{ lipsum(2) }}\n{% for s in services %}{{ range(1000)|random }}{{ s.name }}\n{% endfor %}',
    [inputField('config', 'a.map')]: '{{ range(100000)|random }}',
    [service('a')]: '{}',
    [service('b')]: '{}',
  });
  const texts = [await text()];
  for (const name of ['c', 'd', 'e']) {
    set({ [service(name)]: '{}' });
    texts.push(await text());
    expect(await compare()).toBeUndefined();
  }
  expect(new Set(texts.map((one) => one.split('\n')[0])).size).toBe(4);
});

test('a full render that fails is a difference, and says why', async () => {
  const { set, text, compare } = start(
    {
      ...stale,
      ...another,
      [inputField('config', 'seen')]: '{% set text = 7 // (services|length - 1) %}',
    },
    faulty,
  );
  await text();
  set({ [service('b')]: null });
  expect(await text()).toBe('first\n7 a\n');
  const difference = await compare();
  expect(difference).toMatchObject({ kind: 'failed', error: { code: 'template', place: { template: 'seen' } } });
});

test('a comparison that is broken off says nothing of the result', async () => {
  const { set, text, compare } = start(stale);
  await text();
  set(another);
  await text();
  const ending = new AbortController();
  const comparing = compare(ending.signal);
  ending.abort(new Error('enough'));
  await expect(comparing).rejects.toThrow('enough');
  expect(await compare()).toBeUndefined();
});
