import { afterAll, beforeAll, expect, it } from 'vitest';
import { cleanUp, freePort } from '@flotilla/testkit';
import { serverKeywords } from '../../src/model/server-keywords.ts';
import { capabilities } from '../../src/plan/capabilities.ts';
import { readProcessInfo } from '../../src/runtime/process-info.ts';
import { liveHaproxy, type LiveHaproxy } from '../live/live-haproxy.ts';
import { podsConfig } from '../live/pods-config.ts';

let live: LiveHaproxy;
beforeAll(async () => {
  const port = await freePort();
  live = await liveHaproxy(() => ({ config: podsConfig(port, { web: ['server first 127.0.0.1:1 check'] }) }));
});
afterAll(cleanUp);

/** Arguments that HAProxy reads; any number does for the others. */
const examples: Readonly<Record<string, string>> = {
  proto: 'h1',
  'check-proto': 'h1',
  'proxy-v2-options': 'ssl',
  source: '127.0.0.1',
  addr: '127.0.0.1',
  'agent-addr': '127.0.0.1',
  alpn: 'h2',
  'check-alpn': 'h2',
  npn: 'h2',
  'check-sni': 'x',
  sni: 'str(x)',
  ciphers: 'HIGH',
  ciphersuites: 'TLS_AES_128_GCM_SHA256',
  observe: 'layer4',
  'on-error': 'fail-check',
  'on-marked-down': 'shutdown-sessions',
  'on-marked-up': 'shutdown-backup-sessions',
  'ssl-max-ver': 'TLSv1.3',
  'ssl-min-ver': 'TLSv1.2',
  verify: 'none',
  ws: 'h1',
  id: '500',
};
const refusal = /is not accepted for dynamic server|unknown option|unknown keyword/i;

/** Nobody asks for what has no meaning or only takes something back; `track` is left to a reload on purpose. */
const asked = [...serverKeywords].filter(
  ([keyword, { meaningless, clears }]) => !meaningless && clears === undefined && keyword !== 'track',
);

it.each(asked)('add server takes "%s" where the table says so, and only there', async (keyword, { args }) => {
  const { version } = await readProcessInfo(live.socket);
  const words = args === 0 ? keyword : `${keyword} ${examples[keyword] ?? '5'}`;
  const answer = await live.socket.ask(`add server web/${keyword} 127.0.0.1:9 ${words} verify none`);
  expect([refusal.test(answer) ? 'refused' : 'taken', answer]).toEqual([
    capabilities(version).serverKeywords.has(keyword) ? 'taken' : 'refused',
    answer,
  ]);
});
