import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { certificate, cleanUp, freePort, type CertificatePair } from '@flotilla/testkit';
import { liveHaproxy } from '../live/live-haproxy.ts';

afterEach(cleanUp);

const pair = async (...names: string[]) => {
  const { key, cert } = await certificate({ cn: names[0] ?? '', san: names });
  return key + cert;
};

/** Whether a client gets an answer of HTTP; without a certificate unless it is given. */
function isServed(port: number, servername: string, own?: CertificatePair): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false, ...own }, () => {
      socket.write('GET / HTTP/1.0\r\n\r\n');
    });
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.once('error', () => undefined);
    socket.once('close', () => {
      resolve(answer.startsWith('HTTP/'));
    });
  });
}

const shapes: [string, { names: string[]; bind: string; list?: string; kind: 'runtime' | 'reload' }][] = [
  ['a name of its own', { names: ['a.test'], bind: 'crt ROOT/a.pem', kind: 'runtime' }],
  ['no name', { names: [], bind: 'crt ROOT/a.pem', kind: 'reload' }],
  ['no name, in a directory', { names: [], bind: 'crt ROOT/ssl', kind: 'reload' }],
  ['no name, in a list', { names: [], bind: 'crt-list ROOT/list', list: 'ROOT/a.pem', kind: 'reload' }],
  ['a filter of its list', { names: [], bind: 'crt-list ROOT/list', list: 'ROOT/a.pem a.test', kind: 'runtime' }],
  [
    'only filters that exclude',
    { names: ['a.test'], bind: 'crt-list ROOT/list', list: 'ROOT/a.pem !b.test', kind: 'reload' },
  ],
  [
    'only a filter for everything',
    { names: ['a.test'], bind: 'crt-list ROOT/list', list: 'ROOT/a.pem *', kind: 'reload' },
  ],
  [
    'only a filter for nothing',
    { names: ['a.test'], bind: 'crt-list ROOT/list', list: 'ROOT/a.pem !*', kind: 'reload' },
  ],
];

describe('a bind that wants certificates of clients', () => {
  it.each(shapes)('refuses those without one when a certificate with %s is renewed', async (_, shape) => {
    const port = await freePort();
    const [ca, first, second] = [await pair('ca'), await pair(...shape.names), await pair(...shape.names)];
    const make = (dir: string, pem: string) => {
      const at = (text: string) => text.replaceAll('ROOT', dir);
      const config = `defaults
  mode http
  timeout client 5s
frontend in
  bind 127.0.0.1:${port} ssl ${at(shape.bind)} verify required ca-file ${dir}/ca.pem
  http-request return status 200
`;
      const files = { 'a.pem': pem, 'ssl/a.pem': pem, 'ca.pem': ca, list: `${at(shape.list ?? '')}\n` };
      return { config, files };
    };
    const live = await liveHaproxy((dir) => make(dir, first));
    expect(await isServed(port, 'a.test')).toBe(false);
    const next = make(live.haproxy.dir, second);
    const { plan } = await live.follow(live.release(next.config, next.files));
    for (const name of ['a.test', 'b.test', '']) expect([name, await isServed(port, name)]).toEqual([name, false]);
    expect(plan.kind).toBe(shape.kind);
  });

  it('asks by a new CA of its list, when that changes', async () => {
    const port = await freePort();
    const [own, ca, other] = [await pair('a.test'), await certificate({ cn: 'one' }), await certificate({ cn: 'two' })];
    const config = (dir: string) => `defaults
  mode http
  timeout client 5s
frontend in
  bind 127.0.0.1:${port} ssl crt-list ${dir}/list
  http-request return status 200
`;
    const files = (dir: string, trusted: string) => ({
      'a.pem': own,
      'ca.pem': trusted,
      list: `${dir}/a.pem [ca-file ${dir}/ca.pem verify required]\n`,
    });
    const live = await liveHaproxy((dir) => ({ config: config(dir), files: files(dir, ca.cert) }));
    const { dir } = live.haproxy;
    expect(await isServed(port, 'a.test', ca)).toBe(true);
    const { plan } = await live.follow(live.release(config(dir), files(dir, other.cert)));
    expect(await isServed(port, 'a.test', ca)).toBe(false);
    expect(plan).toMatchObject({ kind: 'reload', reason: { file: 'list', line: 1 } });
  });
});
