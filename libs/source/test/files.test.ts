import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, temporaryFolder } from '@flotilla/testkit';
import type { SourceEvent } from '@flotilla/domain';
import { ManifestError, createFilesSource, parseManifest, readManifests } from '../src/index.ts';

afterEach(cleanUp);

const examples = join(import.meta.dirname, '../../../examples');
const parsed = (text: string) => parseManifest('file.yaml', text).map(({ path, text }) => [path, JSON.parse(text)]);

function folderOf(files: Record<string, string>): string {
  const { path } = temporaryFolder('manifests');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

describe('a manifest', () => {
  it('may hold several documents and kinds that are of no interest', () => {
    const text = `
# a comment
---
apiVersion: v1
kind: ConfigMap
metadata: { name: config, namespace: lb }
data:
  template: |
    global
      maxconn 10
  port: "80"
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: x }
---
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "status": {"podIP": "10.0.0.1"}}
---
`;
    expect(parsed(text)).toEqual([
      ['configmaps/lb/config', expect.objectContaining({ data: { template: 'global\n  maxconn 10\n', port: '80' } })],
      ['pods/default/a', expect.objectContaining({ status: { podIP: '10.0.0.1' }, kind: 'Pod' })],
    ]);
  });

  it('may be a list, also a typed one whose items name no kind', () => {
    const item = (name: string, kind?: string) => ({ kind, metadata: { name, namespace: 'web' } });
    const list = {
      kind: 'List',
      items: [item('a', 'Pod'), { kind: 'PodList', items: [item('b')] }, item('c', 'Service')],
    };
    expect(parsed(JSON.stringify(list)).map(([path]) => path)).toEqual(['pods/web/a', 'pods/web/b']);
  });

  it('keeps every name that data may have', () => {
    const text = 'kind: ConfigMap\nmetadata: { name: services, namespace: lb }\ndata: { __proto__: a, constructor: b }';
    const [object] = parseManifest('file.yaml', text);
    expect(object?.text).toContain('"data":{"__proto__":"a","constructor":"b"}');
    const secret = 'kind: Secret\nmetadata: { name: keys, namespace: lb }\nstringData: { __proto__: a }';
    expect(parseManifest('file.yaml', secret)[0]?.text).toContain('"data":{"__proto__":"YQ=="}');
  });

  it('puts stringData over data, as base64', () => {
    const text = `
kind: Secret
metadata: { name: keys, namespace: lb }
data: { a: b2xk, b: "a2Vw\\ndA==" }
stringData: { a: new }
`;
    expect(parsed(text)).toEqual([
      [
        'secrets/lb/keys',
        { kind: 'Secret', metadata: { name: 'keys', namespace: 'lb' }, data: { a: 'bmV3', b: 'a2VwdA==' } },
      ],
    ]);
  });

  it.each([
    ['a: [\nb: 1', /^file.yaml: not valid YAML: [A-Z_]+ at line 2$/],
    ['kind: Pod\nmetadata: {name: a}\n---\njust text', /^file.yaml, document 2: not an object/],
    ['metadata: {name: a}', /"kind" is missing/],
    ['kind: Pod', /Pod: metadata /],
    ['kind: ConfigMap\nmetadata: {name: a}\ndata: {port: 80}', /ConfigMap: data.port must be a string; put quotes/],
    ['kind: Secret\nmetadata: {name: a}\ndata: {key: "s3cret!"}', /Secret: data.key must be base64; use stringData/],
    ['kind: List\nitems: [{kind: Pod, metadata: {name: a}}, {kind: Pod}]', /^file.yaml, item 2: Pod: metadata/],
    ['kind: *nobody', /aliases|YAML/],
    ['kind: Secret\nmetadata: {name: a}\ndata: {key: "s3cret\n  key: [', /not valid YAML/],
  ])('that cannot be used is refused with its place, never with its text: %j', (text, message) => {
    expect(() => parseManifest('file.yaml', text)).toThrow(ManifestError);
    expect(() => parseManifest('file.yaml', text)).toThrow(message);
    expect(() => parseManifest('file.yaml', text)).not.toThrow(/s3cret/);
  });
});

describe('a folder of manifests', () => {
  it('is read in the order of names, without folders below and other files', async () => {
    const pod = (name: string) => JSON.stringify({ kind: 'Pod', metadata: { name } });
    const path = folderOf({ 'b.yml': pod('b'), 'a.json': pod('a'), 'c.txt': 'no manifest', '.d.yaml': 'hidden' });
    mkdirSync(join(path, 'below.yaml.d'));
    expect((await readManifests(path)).map((object) => object.path)).toEqual(['pods/default/a', 'pods/default/b']);
    expect(await readManifests(join(path, 'b.yml'))).toHaveLength(1);
  });

  it('refuses an object that stands in two files, and a folder without manifests', async () => {
    const text = 'kind: Pod\nmetadata: {name: a}';
    await expect(readManifests(folderOf({ 'a.yaml': text, 'b.yaml': text }))).rejects.toThrow(
      /^b.yaml: pods\/default\/a stands in a.yaml already$/,
    );
    await expect(readManifests(folderOf({}))).rejects.toThrow(/holds no manifest/);
    await expect(readManifests('/nowhere')).rejects.toThrow(/ENOENT/);
  });

  it.each(['http', 'https'])('reads the %s example', async (name) => {
    const paths = (await readManifests(join(examples, name))).map(({ path }) => path);
    expect(paths).toContain('configmaps/lb/services');
    expect(paths).toContain('configmaps/lb/config');
  });
});

describe('the source of files', () => {
  it('yields what is wanted as one state and ends', async () => {
    const path = folderOf({ 'a.yaml': 'kind: Pod\nmetadata: {name: a}\n---\nkind: Secret\nmetadata: {name: b}' });
    const source = createFilesSource({ path, wants: (at) => at.startsWith('pods/') });
    const events: SourceEvent[] = [];
    for await (const event of source.follow(new AbortController().signal)) events.push(event);
    expect(events).toMatchObject([{ kind: 'state', objects: [{ path: 'pods/default/a' }] }]);
    expect(source.status).toMatchObject({ synced: true, problem: undefined });
  });

  it('throws what is wrong and keeps it as the problem', async () => {
    const source = createFilesSource({ path: folderOf({ 'a.yaml': 'kind: Pod' }) });
    await expect(source.follow(new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toThrow(/a.yaml/);
    expect(source.status).toMatchObject({ synced: false, problem: expect.stringContaining('a.yaml') });
  });
});
