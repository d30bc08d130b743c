import { execFile } from 'node:child_process';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readManifests } from '@flotilla/source';
import { EtcdClient, cleanUp, repositoryRoot, startEtcd } from '@flotilla/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { folderOf } from './flotilla.ts';

afterEach(cleanUp);

const run = promisify(execFile);
const script = (name: string, argument: string, etcd: string) =>
  run(process.execPath, [join(repositoryRoot(), 'examples', name), argument], {
    cwd: repositoryRoot(),
    env: { PATH: process.env['PATH'], ETCD2BASE: etcd },
  });
const open = async () => {
  const { url } = await startEtcd();
  const store = new EtcdClient(url);
  const read = async (path: string): Promise<unknown> =>
    JSON.parse((await store.get(`/registry/${path}`)).node.value ?? '') as unknown;
  return { url, read };
};

describe('examples/load.mjs', () => {
  it.each(['examples/http', 'examples/https'])('writes %s to etcd as kubectl would have it stored', async (folder) => {
    const { url, read } = await open();
    await script('load.mjs', folder, `${url}/, http://127.0.0.1:1`);
    const objects = await readManifests(join(repositoryRoot(), folder));
    expect(objects.length).toBeGreaterThan(1);
    for (const { path, text } of objects) expect(await read(path), path).toEqual(JSON.parse(text));
  });

  it('takes lists, JSON, and secrets in plain text', async () => {
    const { url, read } = await open();
    const secret = { kind: 'Secret', metadata: { name: 'keys', namespace: 'lb' }, stringData: { a: 'plain' } };
    const pod = { kind: 'Pod', metadata: { name: 'p' } };
    const folder = folderOf({ 'all.json': JSON.stringify({ kind: 'List', items: [secret, pod] }) });
    await script('load.mjs', folder, url);
    expect(await read('secrets/lb/keys')).toMatchObject({ data: { a: Buffer.from('plain').toString('base64') } });
    expect(await read('pods/default/p')).toMatchObject({ metadata: { name: 'p', namespace: 'default' } });
  });

  it('fails when etcd is not there, and says where it looked', async () => {
    await expect(script('load.mjs', 'examples/http', 'http://127.0.0.1:1')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('etcd at http://127.0.0.1:1 cannot be reached') as string,
    });
  });
});

it('examples/new-certificate.mjs adds a pair that belongs together, beside those that are there', async () => {
  const { url, read } = await open();
  await script('load.mjs', 'examples/https', url);
  await script('new-certificate.mjs', 'www.example.com', url);
  const { data: certificates } = (await read('configmaps/lb/certificates')) as { data: Record<string, string> };
  const { data: keys } = (await read('secrets/lb/keys')) as { data: Record<string, string> };
  expect(Object.keys(certificates)).toEqual(['shop.example.com', 'www.example.com']);
  const key = createPrivateKey(Buffer.from(keys['www.example.com'] ?? '', 'base64').toString());
  expect(new X509Certificate(certificates['www.example.com'] ?? '').checkPrivateKey(key)).toBe(true);
});
