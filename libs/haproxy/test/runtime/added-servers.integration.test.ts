import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, freePort, onCleanup, waitFor } from '@flotilla/testkit';
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
    ['check', 'option external-check', 'external-check command /bin/true'],
    ['check', 'option "$WHICH_CHECK"'],
    ['agent-check agent-port 9'],
    ['agent-check agent-port 9', 'balance random'],
    ['source 127.0.0.1 interface lo'],
    ['check ssl verify none no-check-ssl'],
    ['check proxy-v2-options crc32c'],
  ])('waits for a reload with %s %s', async (options, ...lines) => {
    const { port } = await checkListener();
    const global = 'global\n  external-check\n  insecure-fork-wanted\n  setenv WHICH_CHECK httpchk\n';
    const from = `${global}${base}${backend('be0', lines)}`;
    const live = await liveHaproxy(() => ({ config: from }));
    const wanted = `${global}${base}${backend('be0', [...lines, `server a 127.0.0.1:${port} ${options}`])}`;
    expect((await live.follow(live.release(wanted))).plan).toMatchObject({ kind: 'reload', operations: [] });
  });
});
