import { describe, expect, it } from 'vitest';
import type { RemoveServer } from '../../src/plan/operation.ts';
import { PendingRemovals } from '../../src/runtime/pending-removals.ts';
import type { RuntimeSocket } from '../../src/runtime/socket.ts';

const removal = (server: string, agentCheck = false): RemoveServer => ({
  kind: 'remove-server',
  via: 'drain',
  backend: 'web',
  server,
  address: undefined,
  weight: 1,
  options: '',
  agentCheck,
});

/** HAProxy with these connections by server; `del server` is answered by what stands here, else carried out. */
function haproxy(connections: Record<string, number>, refusals: Record<string, string> = {}) {
  const asked: string[] = [];
  const answer = (command: string): string => {
    asked.push(command);
    if (command === 'show servers conn web')
      return [
        '# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim idle_cur',
        ...Object.entries(connections).map(([name, used]) => `web/${name} 3/1 1.1.1.1 80 - 5000 ${used} 9 9 0 0 -1 0`),
      ].join('\n');
    if (command === 'show stat +3 4 -1')
      return [
        '# pxname,svname,qcur,qmax,scur,smax',
        ...Object.keys(connections).map((name) => `web,${name},0,0,0,9`),
      ].join('\n');
    const name = /^del server web\/(.*)$/.exec(command)?.[1];
    return name === undefined ? '' : (refusals[name] ?? 'Server deleted.');
  };
  const socket: RuntimeSocket = {
    where: 'a test',
    ask: (command) => Promise.resolve(answer(command)),
    askAll: (commands) => Promise.resolve(commands.map(answer)),
  };
  return { socket, asked };
}

const still = 'Server still has connections attached to it, cannot remove it.';

describe('a sweep over servers that leave', () => {
  it('deletes those without connections and leaves the others alone', async () => {
    const removals = new PendingRemovals({ now: () => 0 });
    ['a', 'b', 'c'].forEach((name) => {
      removals.begin(removal(name, name === 'c'));
    });
    const { socket, asked } = haproxy({ a: 0, b: 2, c: 0 });
    expect((await removals.sweep(socket)).map(({ kind, server }) => [server, kind])).toEqual([
      ['a', 'deleted'],
      ['b', 'waiting'],
      ['c', 'deleted'],
    ]);
    expect(asked).toEqual([
      'show servers conn web',
      'show stat +3 4 -1',
      'set server web/a state maint',
      'del server web/a',
      'disable agent web/c',
      'set server web/c state maint',
      'del server web/c',
    ]);
    expect([removals.get('web', 'a'), removals.get('web', 'b')?.server]).toEqual([undefined, 'b']);
  });

  it('ends the connections that are left at the deadline, and only then', async () => {
    let now = 0;
    const removals = new PendingRemovals({ deadlineMs: 1_000, now: () => now });
    removals.begin(removal('a'));
    now = 999;
    const early = haproxy({ a: 1 });
    expect(await removals.sweep(early.socket)).toMatchObject([{ kind: 'waiting', connections: 1 }]);
    expect(early.asked).toEqual(['show servers conn web', 'show stat +3 4 -1']);
    now = 1_000;
    const late = haproxy({ a: 1 }, { a: still });
    expect(await removals.sweep(late.socket)).toMatchObject([{ kind: 'waiting' }]);
    expect(late.asked.slice(2)).toEqual([
      'set server web/a state maint',
      'shutdown sessions server web/a',
      'del server web/a',
    ]);
    expect(await removals.sweep(haproxy({ a: 0 }).socket)).toMatchObject([{ kind: 'deleted', afterMs: 1_000 }]);
    expect(removals.size).toBe(0);
  });

  it('counts from the first time a server left, and forgets one that HAProxy does not know', async () => {
    let now = 0;
    const removals = new PendingRemovals({ deadlineMs: 10, now: () => now });
    removals.begin(removal('a'));
    now = 10;
    removals.begin(removal('a'));
    const { socket, asked } = haproxy({ a: 1 }, { a: 'No such server.' });
    expect(await removals.sweep(socket)).toMatchObject([{ kind: 'deleted' }]);
    expect(asked).toContain('shutdown sessions server web/a');
  });

  it('says which server HAProxy does not let go, and why', async () => {
    const removals = new PendingRemovals();
    removals.begin(removal('a'));
    const reply = 'This server cannot be removed at runtime due to other configuration elements pointing to it.';
    expect(await removals.sweep(haproxy({ a: 0 }, { a: reply }).socket)).toEqual([
      { kind: 'stuck', backend: 'web', server: 'a', reply },
    ]);
    expect(removals.size).toBe(1);
  });
});
