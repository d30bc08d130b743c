import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, freePort, startPodServer, waitFor, type PodServer, openWebSocket } from '@flotilla/testkit';
import { applyPlan } from '../../src/runtime/apply-plan.ts';
import { PendingRemovals } from '../../src/runtime/pending-removals.ts';
import { liveHaproxy, type LiveHaproxy } from '../live/live-haproxy.ts';
import { podsConfig, serverLine } from '../live/pods-config.ts';

afterEach(cleanUp);

const pods = (...names: string[]): Promise<PodServer[]> => Promise.all(names.map((name) => startPodServer({ name })));

async function get(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return (await response.text()).trim();
}

async function start(
  backends: Record<string, string[]>,
): Promise<{ live: LiveHaproxy; port: number; to(next: Record<string, string[]>): Promise<string> }> {
  const port = await freePort();
  const live = await liveHaproxy(() => ({ config: podsConfig(port, backends) }));
  const to = async (next: Record<string, string[]>) =>
    (await live.follow(live.release(podsConfig(port, next)))).plan.kind;
  return { live, port, to };
}

const swept = (live: LiveHaproxy) =>
  waitFor(
    async () => {
      await live.removals.sweep(live.socket);
      return live.removals.size === 0;
    },
    { what: 'all removed servers to be deleted' },
  );

describe('pods that come and go', () => {
  it('serves the new pod, and keeps the connections of one that leaves until they end', async () => {
    const [one, two] = (await pods('one', 'two')) as [PodServer, PodServer];
    const { live, port, to } = await start({ web: [serverLine(one, 'check')] });
    const websocket = await openWebSocket(port, '/web');

    expect(await to({ web: [serverLine(two, 'check')] })).toBe('runtime');
    expect(await get(port, '/web')).toBe('two');
    const [outcome] = await live.removals.sweep(live.socket);
    expect(outcome).toEqual({ kind: 'waiting', backend: 'web', server: 'one', connections: 1 });
    expect(await websocket.echo('still here')).toBe('still here');

    websocket.close();
    await swept(live);
    expect(await live.socket.ask('show servers state web')).not.toContain(' one ');
  });

  it('takes a server back that returns before its connections ended, also with another address and weight', async () => {
    const [one, two, three] = (await pods('one', 'two', 'three')) as [PodServer, PodServer, PodServer];
    const { live, port, to } = await start({ web: [serverLine(one), serverLine(two)] });
    const websocket = await openWebSocket(port, '/web');
    await to({ web: [] });
    expect(live.removals.size).toBe(2);

    expect(await to({ web: [serverLine({ ...three, name: 'one' }, 'weight 9'), serverLine(two)] })).toBe('runtime');
    expect(live.removals.size).toBe(0);
    expect(await websocket.echo('here')).toBe('here');
    const answers = new Set(await Promise.all(Array.from({ length: 20 }, () => get(port, '/web'))));
    expect([...answers].sort()).toEqual(['three', 'two']);
  });

  it('wants a reload for a server that returns with other options while it still runs', async () => {
    const [one] = (await pods('one')) as [PodServer];
    const { live, port, to } = await start({ web: [serverLine(one)] });
    await openWebSocket(port, '/web');
    await to({ web: [] });
    const plan = live.plan(live.release(podsConfig(port, { web: [serverLine(one, 'check')] })));
    expect(plan).toMatchObject({ kind: 'reload', reason: { text: serverLine(one, 'check'), line: 11 } });
  });

  it('ends connections that are left at the deadline', async () => {
    const [one] = (await pods('one')) as [PodServer];
    const { live, port } = await start({ web: [serverLine(one)] });
    const websocket = await openWebSocket(port, '/web');
    const removals = new PendingRemovals({ deadlineMs: 0 });
    const wanted = live.release(podsConfig(port, { web: [] }));
    expect(await applyPlan(live.socket, live.plan(wanted), { wanted, removals })).toMatchObject({ kind: 'applied' });
    await waitFor(
      async () => {
        await removals.sweep(live.socket);
        return removals.size === 0;
      },
      { what: 'the server to be deleted' },
    );
    await waitFor(() => websocket.closed(), { what: 'the websocket to end' });
  });

  // Where HAProxy counts no connection in use. A backend's name may be its frontend's, and look like another's id.
  it.each([
    ['mode tcp', 'web'],
    ['mode tcp', '3'],
    ['mode http\n  http-reuse never', 'web'],
  ])('with %j in backend "%s" connections go on until they end, or until the deadline', async (mode, name) => {
    const [one, two] = (await pods('one', 'two')) as [PodServer, PodServer];
    const port = await freePort();
    const config = (pod: PodServer): string =>
      `defaults
  ${mode}
  timeout connect 1s
  timeout client 1h
  timeout server 1h
frontend ${name}
  bind 127.0.0.1:${port}
  default_backend ${name}
backend ${name}
  ${serverLine(pod, 'check inter 1h on-marked-down shutdown-sessions')}
`;
    const live = await liveHaproxy(() => ({ config: config(one) }));
    const websocket = await openWebSocket(port, '/');
    const deadlines = { ends: new PendingRemovals(), cuts: new PendingRemovals({ deadlineMs: 0 }) };
    const wanted = live.release(config(two));
    const plan = live.plan(wanted);
    expect(await applyPlan(live.socket, plan, { wanted, removals: deadlines.ends })).toMatchObject({ kind: 'applied' });
    const waiting = { kind: 'waiting', backend: name, server: 'one', connections: 1 };
    expect(await deadlines.ends.sweep(live.socket)).toEqual([waiting]);
    expect(await websocket.echo('still here')).toBe('still here');

    if (plan.kind !== 'runtime') throw new Error('this is no update at runtime');
    for (const operation of plan.operations) if (operation.kind === 'remove-server') deadlines.cuts.begin(operation);
    await waitFor(
      async () => {
        await deadlines.cuts.sweep(live.socket);
        return deadlines.cuts.size === 0;
      },
      { what: 'the server to be deleted' },
    );
    await waitFor(() => websocket.closed(), { what: 'the websocket to end' });
  });

  it('keeps new requests of old clients away from a server that leaves, in a backend with cookies', async () => {
    const [one, two] = (await pods('one', 'two')) as [PodServer, PodServer];
    const sticky = ['cookie SRV insert dynamic', 'dynamic-cookie-key secret'];
    const { port, to } = await start({ web: [...sticky, serverLine(one)] });
    const cookie = (await fetch(`http://127.0.0.1:${port}/web`)).headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(cookie).toMatch(/^SRV=/);
    expect(await to({ web: [...sticky, serverLine(two)] })).toBe('runtime');
    const again = await fetch(`http://127.0.0.1:${port}/web`, { headers: { cookie } });
    expect((await again.text()).trim()).toBe('two');
  });

  it.each([
    ['balance random', ['balance random']],
    ['consistent hashing', ['balance uri whole', 'hash-type consistent']],
  ])('gives every added server its share under %s', { timeout: 60_000 }, async (_, balance) => {
    const all = await pods('a', 'b', 'c', 'd', 'e', 'f');
    const { port, to } = await start({ web: balance });
    await to({ web: [...balance, ...all.map((pod) => serverLine(pod))] });
    const seen: Record<string, number> = {};
    for (let at = 0; at < 1_200; at++) {
      const pod = await get(port, `/web/${at}`);
      seen[pod] = (seen[pod] ?? 0) + 1;
    }
    // 200 each; servers that share one place in the hash would get 33.
    for (const pod of all) expect(seen[pod.name]).toBeGreaterThan(100);
  });

  it.each([
    ['consistent hashing', ['balance uri whole', 'hash-type consistent']],
    ['a map of servers', ['balance uri whole']],
    ['a stick table', ['balance roundrobin', 'stick-table type string len 64 size 1k', 'stick on path']],
  ])('leads keys to the servers that a HAProxy started from the files does, under %s', async (_, balance) => {
    const all = await pods('a', 'b', 'c', 'd', 'e');
    const lines = (names: string) => ({
      web: [...balance, ...all.filter(({ name }) => names.includes(name)).map((pod) => serverLine(pod))],
    });
    const ids = async ({ live }: { live: LiveHaproxy }) =>
      (await live.socket.ask('show servers state web'))
        .split('\n')
        .map((row) => row.split(' ').slice(2, 4).join(' '))
        .sort();
    const followed = await start(lines(''));
    for (const names of ['abcd', 'acd', 'acde', 'ace', 'abce', 'abc', 'abcde']) {
      await followed.to(lines(names));
      await swept(followed.live);
      const started = await start(lines(names));
      if (balance.length > 1) expect(await ids(followed)).toEqual(await ids(started));
      if (balance[0] !== 'balance roundrobin')
        for (let at = 0; at < 40; at++)
          expect(await get(followed.port, `/web/${at}`)).toBe(await get(started.port, `/web/${at}`));
      await started.live.haproxy.stop();
    }
  });

  it('adds servers at runtime under consistent hashing where their ids stand in the file', async () => {
    const all = await pods('a', 'b', 'c');
    const balance = ['balance uri whole', 'hash-type consistent'];
    const lines = (...names: string[]) => ({
      web: [
        ...balance,
        ...all.filter(({ name }) => names.includes(name)).map((pod, at) => serverLine(pod, `id ${at + 7}`)),
      ],
    });
    const { to } = await start(lines('a'));
    expect(await to(lines('a', 'b'))).toBe('runtime');
    expect(await to(lines('a', 'b', 'c'))).toBe('runtime');
    expect(await to(lines('a', 'b'))).toBe('runtime');
  });
});
