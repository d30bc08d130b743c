import { inputField } from '@flotilla/domain';
import { expect, test } from 'vitest';
import { createEngine } from '../src/jinja-engine.ts';
import { TemplateInputs, templateValue } from '../src/template-inputs.ts';

const pod = (name: string, ip = '10.0.0.1') => JSON.stringify({ metadata: { name }, status: { podIP: ip } });

type Service = { name: string; pods: Record<string, { status: { podIP: string } }>; [key: string]: unknown };

function inputsOf(fields: Record<string, string>) {
  const engine = createEngine({ strict: false, maxOutput: 1_000_000 });
  const inputs = new TemplateInputs(engine, {
    statisticsPassword: 'pw',
    env: { STAGE: 'test' },
    undefinedValues: 'lenient',
  });
  inputs.apply(Object.entries(fields));
  const services = () => inputs.context()['services'] as Service[];
  return { inputs, services };
}

test('services come sorted by name, with their own keys, name and sorted pods', () => {
  const { services } = inputsOf({
    [inputField('pod', 'web', 'b')]: pod('b'),
    [inputField('service', 'web')]: '{"namespace":"x","name":"mine","selector":{},"ports":[80],"pods":1}',
    [inputField('pod', 'web', 'a')]: pod('a'),
    [inputField('service', 'api')]: '{"namespace":"x","selector":{}}',
  });
  expect(services().map(({ name }) => name)).toEqual(['api', 'web']);
  const [, web] = services();
  expect(Object.keys(web!)).toEqual(['namespace', 'name', 'selector', 'ports', 'pods']);
  expect(Object.keys(web!.pods)).toEqual(['a', 'b']);
  expect(services()[0]!.pods).toEqual({});
});

test('a service may have any name', () => {
  const { services } = inputsOf({
    [inputField('service', 'constructor')]: '{}',
    [inputField('service', '__proto__')]: '{}',
    [inputField('pod', '__proto__', 'a')]: pod('a'),
  });
  expect(services().map(({ name, pods }) => [name, Object.keys(pods)])).toEqual([
    ['__proto__', ['a']],
    ['constructor', []],
  ]);
});

test('only what changed becomes a new object', () => {
  const { inputs, services } = inputsOf({
    [inputField('service', 'a')]: '{"n":1}',
    [inputField('service', 'b')]: '{"n":2}',
    [inputField('pod', 'b', 'p')]: pod('p'),
    [inputField('pod', 'b', 'q')]: pod('q'),
  });
  const [a, b] = services();
  inputs.apply([[inputField('pod', 'b', 'p'), pod('p', '10.0.0.2')]]);
  const [sameA, newB] = services();
  expect(sameA).toBe(a);
  expect(newB).not.toBe(b);
  expect(newB!.pods['p']!.status.podIP).toBe('10.0.0.2');
  expect(newB!.pods['q']).toBe(b!.pods['q']);
  inputs.apply([[inputField('config', 'template'), 'x']]);
  expect(services()[1]).toBe(newB);
});

test('what a render reads is frozen, and the same object until something of it changes', () => {
  const { inputs } = inputsOf({
    [inputField('service', 'a')]: '{"ports":[80]}',
    [inputField('certificate', 'c')]: '',
    [inputField('key', 'c')]: '',
  });
  const before = inputs.context();
  expect(inputs.context()).toBe(before);
  expect([before, before['services'], before['certificates']].every(Object.isFrozen)).toBe(true);
  inputs.apply([[inputField('service', 'b'), '{}']]);
  inputs.apply([[inputField('key', 'c'), '']]);
  const after = inputs.context();
  expect(after['services']).not.toBe(before['services']);
  expect(after['certificates']).toBe(before['certificates']);
});

test('templates see where the files of the bundle lie', () => {
  const { inputs } = inputsOf({});
  expect(inputs.context()).toMatchObject({
    ssldir: '/@flotilla-release@/ssl',
    filesdir: '/@flotilla-release@/files',
    crtlist: '/@flotilla-release@/crt-list',
    stats: { username: 'stats', password: 'pw' },
    env: { STAGE: 'test' },
  });
});

test('a pod that comes before its service, or goes after it, makes no service', () => {
  const { inputs, services } = inputsOf({ [inputField('pod', 'a', 'p')]: pod('p') });
  expect(services()).toEqual([]);
  inputs.apply([[inputField('service', 'a'), '{}']]);
  expect(Object.keys(services()[0]!.pods)).toEqual(['p']);
  inputs.apply([[inputField('service', 'a'), null]]);
  expect(services()).toEqual([]);
  inputs.apply([[inputField('pod', 'a', 'p'), null]]);
  inputs.apply([[inputField('service', 'a'), '{}']]);
  expect(services()[0]!.pods).toEqual({});
});

test('certificates are listed sorted, when they have both parts', () => {
  const { inputs } = inputsOf({
    [inputField('certificate', 'b')]: '',
    [inputField('key', 'b')]: '',
    [inputField('certificate', 'a')]: '',
    [inputField('key', 'a')]: '',
    [inputField('certificate', 'c')]: '',
    [inputField('key', 'd')]: '',
  });
  expect(inputs.context()['certificates']).toEqual(['a', 'b']);
  inputs.apply([[inputField('key', 'a'), null]]);
  expect(inputs.context()['certificates']).toEqual(['b']);
});

test('a value that cannot be read is a fault until another comes', () => {
  const field = inputField('service', 'a');
  const { inputs } = inputsOf({ [field]: '[1]' });
  expect([...inputs.faults.keys()]).toEqual([field]);
  inputs.apply([[field, '{}']]);
  expect(inputs.faults.size).toBe(0);
});

test('of keys and certificates only the names reach the process, of problems nothing', () => {
  expect(templateValue(inputField('key', 'a'), 'PRIVATE')).toBe('');
  expect(templateValue(inputField('certificate', 'a'), 'PEM')).toBe('');
  expect(templateValue(inputField('key', 'a'), null)).toBeNull();
  expect(templateValue(inputField('problem', 'configmaps/lb/services'), '{}')).toBeUndefined();
  expect(templateValue(inputField('pod', 'a', 'b'), '{}')).toBe('{}');
});
