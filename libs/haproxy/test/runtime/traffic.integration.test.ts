import { afterEach, expect, it } from 'vitest';
import { certificate, cleanUp, freePort, loadClient, openWebSocket, startPodServer } from '@flotilla/testkit';
import { fingerprintOf } from '../../src/plan/certificate-identity.ts';
import { liveHaproxy } from '../live/live-haproxy.ts';
import { podsConfig, serverLine } from '../live/pods-config.ts';
import { servedFingerprint } from '../live/served.ts';
import { tlsLoad } from '../live/tls-load.ts';

afterEach(cleanUp);

/** Few in `npm test`, more for a long search. */
const changes = Number(process.env['FLOTILLA_TEST_CHANGES'] ?? 100);

it(
  'fails no request while pods and certificates change, and keeps a websocket open',
  { timeout: 60_000 + changes * 300 },
  async () => {
    const pods = await Promise.all([...'abcde'].map((name) => startPodServer({ name })));
    const issues = await Promise.all(
      [0, 1, 2].map(async () => {
        const { key, cert } = await certificate({ cn: 'a.test' });
        return key + cert;
      }),
    );
    const other = await certificate({ cn: 'b.test' });
    const [plain, secure] = [await freePort(), await freePort()];

    /** Pods come and go by the bits of the turn; every fifth turn brings a new certificate, every seventh one more. */
    const config = (turn: number, dir: string): string =>
      podsConfig(plain, {
        web: pods
          .filter((_, at) => at === 4 || (turn >> at) % 2 === 0)
          .map((pod, at) => serverLine(pod, at === 0 ? 'check weight 7' : 'check')),
      }).replace('frontend in\n', `frontend in\n  bind 127.0.0.1:${secure} ssl crt ${dir}/ssl/\n`);
    const issue = (turn: number): string => issues[Math.floor(turn / 5) % issues.length] ?? '';
    const files = (turn: number): Record<string, string> => ({
      'ssl/a.pem': issue(turn),
      ...(turn % 7 < 3 ? { 'ssl/b.pem': other.key + other.cert } : {}),
    });

    const live = await liveHaproxy((dir) => ({ config: config(0, dir), files: files(0) }));
    const websocket = await openWebSocket(plain, '/web');
    const url = `http://127.0.0.1:${plain}/web`;
    const clients = [loadClient({ url, connections: 2 }), loadClient({ url, connections: 2, keepAlive: true })];
    const secured = [true, false].map((keepAlive) =>
      tlsLoad({ port: secure, name: 'a.test', path: '/web', keepAlive }),
    );

    for (let turn = 1; turn <= changes; turn++) {
      const { plan } = await live.follow(live.release(config(turn % 16, live.haproxy.dir), files(turn)));
      expect(plan.kind === 'reload' ? plan.reason : 'no reload').toBe('no reload');
      if (turn % 5 === 0) expect(await servedFingerprint(secure, 'a.test')).toBe(fingerprintOf(issue(turn)));
      if (turn % 3 === 0) await live.removals.sweep(live.socket);
      if (turn % Math.ceil(changes / 4) === 0) expect(await websocket.echo(`turn ${turn}`)).toBe(`turn ${turn}`);
    }

    const counts = await Promise.all(clients.map((client) => client.stop()));
    const securedCounts = await Promise.all(secured.map((client) => client.stop()));
    expect(counts.map(({ failed, reasons }) => ({ failed, reasons }))).toEqual([
      { failed: 0, reasons: {} },
      { failed: 0, reasons: {} },
    ]);
    expect(securedCounts.map(({ failures }) => failures)).toEqual([[], []]);
    expect(await websocket.echo('still open')).toBe('still open');
    // It proves nothing when hardly anything was asked.
    for (const { ok } of counts) expect(ok).toBeGreaterThan(changes);
    for (const { answers } of securedCounts) expect(answers).toBeGreaterThan(changes);
  },
);
