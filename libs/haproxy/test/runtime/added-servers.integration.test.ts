import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { certificate, cleanUp, freePort, onCleanup, waitFor } from '@flotilla/testkit';
import { checkListener } from '../live/check-listener.ts';
import { liveHaproxy } from '../live/live-haproxy.ts';
import { serverFacts } from '../live/server-facts.ts';

afterEach(cleanUp);

const base = `defaults
  mode http
  timeout connect 500ms
  timeout client 10s
  timeout server 10s
  timeout check 200ms
`;
const backend = (name: string, lines: readonly string[]) =>
  [`backend ${name}`, ...lines, ''].join('\n  ').trimEnd() + '\n';

/** The checks of a server that send something: options of the server, lines of its backend. */
const checks: [options: string, ...lines: string[]][] = [
  ['check', 'option httpchk'],
  ['check', 'default-server ssl verify none'],
  ['check', 'default-server send-proxy-v2', 'option httpchk'],
  ['check ssl verify none'],
  ['check ssl verify none sni str(a.test)', 'option httpchk'],
  ['check ssl verify none check-ssl'],
  ['check check-ssl verify none'],
  ['check ssl verify none port PORT', 'option httpchk'],
  ['check ssl verify none addr 127.0.0.1', 'option httpchk'],
  ['check ssl verify none check-ssl port PORT'],
  ['check send-proxy'],
  ['check send-proxy-v2'],
  ['check send-proxy-v2 proxy-v2-options crc32c'],
  ['check send-proxy no-check-send-proxy'],
  ['check send-proxy check-send-proxy port PORT'],
  ['check send-proxy port PORT', 'option httpchk'],
  ['check ssl verify none send-proxy'],
  ['check send-proxy-v2-ssl ssl verify none', 'option httpchk'],
  ['check', 'option ssl-hello-chk'],
  ['check', 'option tcp-check', 'tcp-check send PING'],
];

describe('a server that is added at runtime', () => {
  it.each(checks)('is checked like one of the file: %s %s %s', async (options, ...lines) => {
    const added = await checkListener();
    const first = await checkListener();
    const server = (port: number) =>
      `server a 127.0.0.1:${port} inter 250ms fall 100 ${options.replace('PORT', String(port))}`;
    const from = backend('be0', [...lines, server(first.port)]);
    const live = await liveHaproxy(() => ({ config: `${base}${from}${backend('be1', lines)}` }));
    const { plan } = await live.follow(live.release(`${base}${from}${backend('be1', [...lines, server(added.port)])}`));
    expect(plan.kind).toBe('runtime');
    await waitFor(() => first.kinds().size > 0 && added.kinds().size > 0, { what: 'checks of both' });
    expect(added.kinds()).toEqual(first.kinds());
    const facts = (await serverFacts(live)).map((line) => line.replace(/_port [1-9]\d*/g, 'port'));
    expect(facts[1]?.replace('be1', 'be0')).toBe(facts[0]);
  });

  it.each(['maxconn 50', 'maxconn 40 minconn 50', 'minconn 50'])(
    'takes as many connections at once as one of the file: %s',
    async (options) => {
      const port = await freePort();
      const waiting: (() => void)[] = [];
      const together = 6;
      const pod = createServer((_, response) => {
        waiting.push(() => response.end('served'));
        if (waiting.length === together) for (const answer of waiting) answer();
      });
      await new Promise<void>((resolve) => pod.listen(0, '127.0.0.1', resolve));
      onCleanup(() => {
        pod.close();
      });
      const address = pod.address();
      const podPort = typeof address === 'object' ? address?.port : undefined;
      const config = (...servers: string[]) =>
        `${base}frontend in\n  bind 127.0.0.1:${port}\n  default_backend be0\n${backend('be0', ['fullconn 1000', 'timeout queue 2s', ...servers])}`;
      const live = await liveHaproxy(() => ({ config: config() }));
      const { plan } = await live.follow(live.release(config(`server a 127.0.0.1:${podPort} ${options}`)));
      expect(plan.kind).toBe('runtime');
      const answers = await Promise.all(
        Array.from({ length: together }, async () => (await fetch(`http://127.0.0.1:${port}/`)).status),
      );
      expect(answers).toEqual(answers.map(() => 200));
    },
  );

  it.each([
    ['ssl-default-server-options ssl-max-ver TLSv1.2', 'TLSv1.2'],
    ['ssl-default-server-options force-tlsv12', 'TLSv1.2'],
    ['ssl-default-server-ciphersuites TLS_CHACHA20_POLY1305_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'],
    [
      'ssl-default-server-options ssl-max-ver TLSv1.2\n  ssl-default-server-ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
      'AES256-GCM-SHA384',
    ],
    ['ssl-server-verify none', 'TLSv1.3', 'ssl'],
    ['ssl-server-verify none', 'TLSv1.2', 'ssl ssl-max-ver TLSv1.2 ciphers ALL'],
  ])('speaks TLS as one of the file: %s', async (setting, heard, options = 'ssl verify none') => {
    const { key, cert } = await certificate({ cn: 'pod.test', san: ['pod.test'] });
    const [first, second, pod] = [await freePort(), await freePort(), await freePort()];
    const server = `server a 127.0.0.1:${pod} ${options}`;
    const make = (dir: string, ...servers: string[]) => ({
      config: `global
  ${setting}
${base}frontend in0
  bind 127.0.0.1:${first}
  default_backend be0
frontend in1
  bind 127.0.0.1:${second}
  default_backend be1
frontend pod
  bind 127.0.0.1:${pod} ssl crt ${dir}/pod.pem
  http-request return status 200 content-type text/plain lf-string "%[ssl_fc_protocol] %[ssl_fc_cipher]"
${backend('be0', [server])}${backend('be1', servers)}`,
      files: { 'pod.pem': key + cert },
    });
    const live = await liveHaproxy((dir) => make(dir));
    const wanted = make(live.haproxy.dir, server);
    expect((await live.follow(live.release(wanted.config, wanted.files))).plan.kind).toBe('runtime');
    const said = (port: number) => fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
    expect(await said(first)).toContain(heard);
    expect(await said(second)).toBe(await said(first));
  });

  // The state a server comes in is its own affair: it warms up, as one that comes back does, and is then like the others.
  it('warms up with slowstart, and then gets its share', async () => {
    const [port, pod] = [await freePort(), await freePort()];
    const server = (name: string) => `server ${name} 127.0.0.1:${pod} slowstart 1s`;
    const config = (...names: string[]) =>
      `${base}frontend in
  bind 127.0.0.1:${port}
  default_backend be0
frontend pod
  bind 127.0.0.1:${pod}
  http-request return status 200
${backend('be0', names.map(server))}`;
    const live = await liveHaproxy(() => ({ config: config('a') }));
    expect((await live.follow(live.release(config('a', 'b')))).plan.kind).toBe('runtime');
    const facts = await serverFacts(live);
    expect(facts[1]?.replace('be0/b', 'be0/a')).toBe(facts[0]);
    const state = async () => /^\d+ be0 \d+ b \S+ (\d)/m.exec(await live.socket.ask('show servers state be0'))?.[1];
    await waitFor(async () => (await state()) === '2', { what: 'the server to be warm' });
    const requests = async () => {
      const stat = await live.socket.ask('show stat');
      return ['a', 'b'].map((name) => Number(new RegExp(`^be0,${name},(?:[^,]*,){5}(\\d+)`, 'm').exec(stat)?.[1]));
    };
    const before = await requests();
    for (let count = 0; count < 20; count++) await fetch(`http://127.0.0.1:${port}/`);
    expect((await requests()).map((count, at) => count - (before[at] ?? 0))).toEqual([10, 10]);
  });

  it.each([
    ['check', 'option external-check', 'external-check command /bin/true'],
    ['check', 'option "$WHICH_CHECK"'],
    ['agent-check agent-port 9'],
    ['agent-check agent-port 9', 'balance random'],
    ['source 127.0.0.1 interface lo'],
    ['check ssl verify none no-check-ssl'],
    ['check proxy-v2-options crc32c'],
    // What the file makes of these is more than the last that is said.
    ['proxy-v2-options crc32c', 'default-server send-proxy-v2 proxy-v2-options unique-id'],
    ['no-send-proxy-v2-ssl', 'default-server send-proxy-v2'],
    ['no-send-proxy-v2', 'default-server send-proxy-v2-ssl'],
    ['source 127.0.0.1', 'default-server source 127.0.0.2 interface lo'],
  ])('waits for a reload with %s %s', async (options, ...lines) => {
    const { port } = await checkListener();
    const global = 'global\n  external-check\n  insecure-fork-wanted\n  setenv WHICH_CHECK httpchk\n';
    const from = `${global}${base}${backend('be0', lines)}`;
    const live = await liveHaproxy(() => ({ config: from }));
    const wanted = `${global}${base}${backend('be0', [...lines, `server a 127.0.0.1:${port} ${options}`])}`;
    expect((await live.follow(live.release(wanted))).plan).toMatchObject({ kind: 'reload', operations: [] });
  });
});
