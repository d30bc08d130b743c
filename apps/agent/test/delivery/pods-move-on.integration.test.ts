import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type PodServer,
  cleanUp,
  haproxyCommand,
  haproxyOf,
  loadClient,
  startPodServer,
  waitFor,
} from '@flotilla/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fleet, startFleet } from '../fleet.ts';
import { type Node, answers, ask, config, startNode } from '../node.ts';

let fleet: Fleet;
let node: Node;
let pods: PodServer[];

beforeEach(async () => {
  pods = [await startPodServer({ name: 'one' }), await startPodServer({ name: 'two' })];
  fleet = await startFleet();
  node = await startNode(fleet);
});
afterEach(cleanUp);

const publish = (text: string, servers: readonly string[], more = '') =>
  fleet.publish({ 'haproxy.cfg': config(node.port, text, servers, more) });
const at = (index: number): string => `${pods[index]?.host}:${pods[index]?.port}`;
/** The first pod is there or not, the second one always, and another one that nobody asks. */
const serversOf = (round: number): string[] => [at(round % 2), `127.0.1.${round + 1}:1 disabled`];
const reloads = async (): Promise<number> =>
  Number(/ master +(\d+) /.exec(await haproxyCommand(join(node.dataDir, 'run/master.sock'), 'show proc'))?.[1]);
const onDisk = (): string => readFileSync(join(node.dataDir, 'current/haproxy.cfg'), 'utf8');
const runs = (servers: readonly string[]) =>
  waitFor(
    async () => {
      const state = await haproxyCommand(join(node.dataDir, 'run/stats.sock'), 'show servers state pods');
      const found = state.split('\n').flatMap((line) => {
        const words = line.split(' ');
        return words[1] === 'pods' ? [`${words[4]}:${words[18]}`] : [];
      });
      return (
        found.sort().join() ===
        servers
          .map((server) => server.replace(' disabled', ''))
          .sort()
          .join()
      );
    },
    { what: `the servers ${servers.join()}`, everyMs: 5, deadlineMs: 10_000 },
  );

describe('pods move on, whatever configuration is refused', () => {
  const cases: [string, string, RegExp][] = [
    ['a bind that fails and was tried before', '  bind 192.0.2.1:81', /frontend http: .*requested address/],
    [
      'a bind that fails and can only be tried by a reload',
      'global\n  setenv WHERE 192.0.2.1:81\nfrontend other\n  bind "${WHERE[*]}"',
      /other: .*requested address/,
    ],
    ['a line that HAProxy does not know', '  nonsense', /nonsense/],
    ['a root folder that is not there', 'global\n  chroot /none/at/all', /Cannot chroot/],
  ];
  test.each(cases)('%s', async (_, more, reason) => {
    await fleet.answerTo(await publish('good', serversOf(0)));
    const refused = await fleet.answerTo(await publish('new', serversOf(0), more));
    expect(refused).toMatchObject({ kind: 'nack', reason: expect.stringMatching(reason) as string });
    await answers(node, 'good');
    await waitFor(() => node.problem() === undefined, { what: 'the node to be well', deadlineMs: 10_000 });

    const before = await reloads();
    const load = loadClient({ url: `http://127.0.0.1:${node.port}/pods`, connections: 2 });
    const whole = loadClient({ url: `http://127.0.0.1:${node.port}/`, connections: 2 });
    for (let round = 1; round <= 10; round++) {
      const answer = await fleet.answerTo(await publish('new', serversOf(round), more));
      expect(answer).toMatchObject({ kind: 'nack', reason: expect.stringMatching(reason) as string });
      await runs(serversOf(round));
      expect(onDisk()).toContain(`${at(round % 2)}\n`);
    }
    expect(await whole.stop()).toMatchObject({ failed: 0 });
    expect(await load.stop()).toMatchObject({ failed: 0 });
    expect(await reloads()).toBe(before);
    expect(await ask(node)).toBe('good');

    await waitFor(
      async () =>
        /those of version 12, on the configuration of version 1/.test((await fleet.status())[0]?.behind?.why ?? ''),
      {
        what: 'the status',
        deadlineMs: 10_000,
      },
    );
    expect((await fleet.status())[0]).toMatchObject({
      applied: { version: 1 },
      desired: { version: 12 },
      parked: { artifact: { version: 12 }, reason: expect.stringMatching(reason) as string },
      problem: null,
    });
    // It is what a start reads.
    for (const pid of haproxyOf(node.dataDir)) process.kill(pid, 'SIGKILL');
    await answers(node, 'good');
    await runs(serversOf(10));

    // The lines change: it is tried again.
    expect(await fleet.answerTo(await publish('newer', serversOf(11)))).toMatchObject({ kind: 'ack' });
    expect(await ask(node)).toBe('newer');
    await waitFor(async () => (await fleet.status())[0]?.behind === null, { what: 'the status', deadlineMs: 10_000 });
  });
});

test('the pods of a refused version are brought by the next agent as well', async () => {
  await node.stop();
  node = await startNode(fleet, { FLOTILLA_HAPROXY_ON_EXIT: 'leave' });
  await fleet.answerTo(await publish('good', serversOf(0)));
  await fleet.answerTo(await publish('new', serversOf(1), '  nonsense'));
  await runs(serversOf(1));
  await node.stop();
  node = await startNode(fleet, { FLOTILLA_DATA_DIR: node.dataDir, PORT: String(node.port) });
  await fleet.answerTo(await publish('new', serversOf(2), '  nonsense'));
  await runs(serversOf(2));
  expect(await ask(node)).toBe('good');
});

test('a reload that fails does not bring pods back that have left', async () => {
  await fleet.answerTo(await publish('good', [at(0), at(1)]));
  const more = 'global\n  setenv WHERE 192.0.2.1:81\nfrontend other\n  bind "${WHERE[*]}"';
  expect(await fleet.answerTo(await publish('new', [at(0)], more))).toMatchObject({ kind: 'nack' });
  expect(onDisk()).not.toContain(at(1));
  await runs([at(0)]);
  await answers(node, 'good');
});
