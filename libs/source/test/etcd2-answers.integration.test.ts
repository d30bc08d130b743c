import { afterEach, describe, expect, it } from 'vitest';
import { certificate, cleanUp, registryKey, startEtcd, waitFor } from '@flotilla/testkit';
import { type Follower, follow } from './follower.ts';
import { startHttpFront } from './http-front.ts';
import { startProxy } from './proxy.ts';

afterEach(cleanUp);

const key = registryKey('pods', 'web', 'a');
const tries = (follower: Follower, count: number) =>
  waitFor(() => follower.tales('lost').length >= count, { what: `${count} attempts` });

describe('authentication', () => {
  it('is a problem that names itself, is retried with pauses, and goes away', async () => {
    const { client, url } = await startEtcd();
    await client.put(key, '1');
    await protect(url);
    const wrong = follow({ endpoints: url.replace('//', '//reader:s3cret@') });
    const none = follow({ endpoints: url });
    await Promise.all([tries(wrong, 4), tries(none, 4)]);
    for (const follower of [wrong, none]) {
      expect(follower.source.status).toMatchObject({ synced: false, endpoint: url });
      expect(follower.source.status.problem).toMatch(/refuses the user name or password.*ETCD2BASE/);
      expect(follower.tales('lost').every(({ code, retryMs }) => code === 'etcd2-unauthorized' && retryMs >= 50)).toBe(
        true,
      );
    }
    expect(JSON.stringify([wrong.told, wrong.source.status])).not.toContain('s3cret');

    const inUrl = follow({ endpoints: url.replace('//', '//reader:p%40ss@') });
    const inOptions = follow({ endpoints: url, username: 'reader', password: 'p@ss' });
    await Promise.all([inUrl.synced(), inOptions.synced()]);
    expect(inUrl.objects.get('pods/web/a')).toBe('1');
    expect(inOptions.objects.get('pods/web/a')).toBe('1');
    expect(JSON.stringify(inUrl.told)).not.toMatch(/p@ss|p%40ss/);
  });
});

/** Switches authentication on: `reader` may read what Flotilla reads and nothing else, guests nothing. */
async function protect(url: string) {
  const root = `Basic ${Buffer.from('root:root').toString('base64')}`;
  const put = async (path: string, body: object) => {
    const reply = await fetch(`${url}/v2/auth/${path}`, {
      method: 'PUT',
      headers: { authorization: root, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  };
  const read = ['pods', 'configmaps', 'secrets'].map((resource) => `/registry/${resource}*`);
  await put('users/root', { user: 'root', password: 'root' });
  await put('roles/reader', { role: 'reader', permissions: { kv: { read, write: [] } } });
  await put('users/reader', { user: 'reader', password: 'p@ss', roles: ['reader'] });
  await put('enable', {});
  await put('roles/guest', { role: 'guest', revoke: { kv: { read: ['/*'], write: ['/*'] } } });
}

describe('a server in front of etcd', () => {
  it('may have a base path, TLS and want a client certificate', async () => {
    const { client, url } = await startEtcd();
    await client.put(key, '1');
    const [server, own] = [
      await certificate({ cn: 'etcd', san: ['localhost'] }),
      await certificate({ cn: 'flotilla', san: ['flotilla'] }),
    ];
    const front = await startHttpFront(url, {
      basePath: '/stores/one',
      tls: { ...server, ca: own.cert, requestCert: true, rejectUnauthorized: true },
    });
    const endpoints = `${front.url.replace('127.0.0.1', 'localhost')}/`;
    const follower = follow({ endpoints, tls: { ca: server.cert, ...own } });
    await follower.synced();
    await client.put(key, '2');
    await follower.agreesWith(client);

    const stranger = follow({ endpoints, tls: { ca: server.cert } });
    await tries(stranger, 2);
    expect(stranger.source.status.problem).toMatch(/cannot be reached/);
  });

  it('is told from etcd when it answers something else', async () => {
    const { url } = await startEtcd();
    const answers = [
      { status: 404, body: '404 page not found', problem: /--enable-v2=true/ },
      { status: 200, body: '<html>', problem: /X-Etcd-Index/ },
      { status: 500, body: '{"errorCode":300,"message":"Raft Internal Error","index":1}', problem: /error 300: Raft/ },
    ];
    for (const { status, body, problem } of answers) {
      const front = await startHttpFront(url, {
        intercept: (_, response) => Boolean(response.writeHead(status).end(body)),
      });
      const follower = follow({ endpoints: front.url });
      await tries(follower, 3);
      expect(follower.source.status.problem).toMatch(problem);
      await follower.stop();
    }
  });

  it('never makes a hot loop of streams that end at once', async () => {
    const { url } = await startEtcd();
    const front = await startHttpFront(url, {
      intercept: ({ url: path = '' }, response) => {
        if (!path.includes('/pods?wait=true&recursive=true&stream=true')) return false;
        response.writeHead(200, { 'x-etcd-index': '3' }).end();
        return true;
      },
    });
    const follower = follow({ endpoints: front.url, resources: ['pods'] });
    await waitFor(() => follower.told.length >= 5, { what: 'five attempts' });
    for (const [at, event] of follower.tales('interrupted').entries()) {
      expect(event.retryMs).toBeGreaterThanOrEqual(50 * 2 ** at);
    }
    for (const [at, event] of follower.tales('lost').entries()) {
      expect(event.retryMs).toBeGreaterThanOrEqual(Math.min(100, 50 * 2 ** at));
    }
  });

  it('may close a long poll without an event, and hand out a stream in small pieces', async () => {
    const { client, url } = await startEtcd();
    let empty = 0;
    const front = await startHttpFront(url, {
      intercept: ({ url: path = '' }, response) => {
        if (!path.includes('waitIndex') || empty === 3) return false;
        empty++;
        response.writeHead(200, { 'x-etcd-index': '3' }).end();
        return true;
      },
    });
    const proxy = await startProxy(front.url);
    const follower = follow({ endpoints: proxy.url, probeIntervalMs: 60_000 });
    await follower.synced();
    await client.put(key, 'ü€😀'.repeat(50_000));
    await follower.agreesWith(client);
    await proxy.shut();
    await client.put(key, '2');
    await client.put(registryKey('pods', 'web', 'b'), '1');
    await proxy.reopen();
    await follower.agreesWith(client);
    expect(empty).toBe(3);
    expect(follower.tales('filled')).toMatchObject([{ events: 2 }]);
  });

  it('cannot hold back new events for long by never answering for the old ones', async () => {
    const { client, url } = await startEtcd();
    const front = await startHttpFront(url, {
      intercept: ({ url: path = '' }, response) => {
        if (!path.includes('waitIndex')) return false;
        response.writeHead(200, { 'x-etcd-index': '3' }).flushHeaders();
        return true;
      },
    });
    const proxy = await startProxy(front.url);
    const follower = follow({ endpoints: proxy.url, probeIntervalMs: 60_000, requestTimeoutMs: 300 });
    await follower.synced();
    await client.put(key, '1');
    await follower.agreesWith(client);
    proxy.cut();
    await waitFor(() => follower.tales('interrupted').length > 0, { what: 'the cut to be noticed' });
    await client.put(registryKey('pods', 'web', 'b'), '1');
    await follower.agreesWith(client);
  });
});
