import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, onCleanup, temporaryFolder, waitFor } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { type Claim, claimFolder } from '../../src/store/owner.ts';
import { startFleet } from '../fleet.ts';
import { ask, config, startNode } from '../node.ts';

const claims: Claim[] = [];
const warnings: string[] = [];
afterEach(async () => {
  for (const { giveUp } of claims.splice(0)) await giveUp();
  warnings.length = 0;
  await cleanUp();
});

async function claim(root: string, fleet = 'lb', node = 'node-1'): Promise<Claim> {
  const made = await claimFolder(root, { fleet, node }, (text) => warnings.push(text));
  claims.push(made);
  return made;
}

test('a folder that an agent works with is refused to others, who are told whose it is', async () => {
  const { path } = temporaryFolder('owner');
  const first = await claim(path);
  await expect(claim(path, 'lb', 'node-2')).rejects.toMatchObject({
    code: 'data-dir-in-use',
    message: expect.stringMatching(
      new RegExp(`node node-1 of fleet lb, process ${process.pid} on .*${path}`),
    ) as string,
  });
  // The one who was refused changed nothing.
  expect(readFileSync(join(path, 'owner.json'), 'utf8')).toContain('node-1');
  await first.giveUp();
  await claim(path, 'lb', 'node-2');
});

test('no file in it decides: it is claimed though somebody empties it', async () => {
  const { path } = temporaryFolder('owner');
  await claim(path);
  rmSync(join(path, 'owner.json'));
  await expect(claim(path)).rejects.toMatchObject({ code: 'data-dir-in-use' });
});

test.runIf(process.getuid?.() === 0)('another network namespace does not get it either', async () => {
  const { path } = temporaryFolder('owner');
  await claim(path);
  const other = spawnSync('unshare', ['-n', 'flock', '-n', '-E', '75', path, 'true']);
  expect(other.status).toBe(75);
});

/** The flock of a claim, and its child that keeps the lock. */
const holdersOf = (path: string): number[] => {
  const [flock = 0] = childrenOf(process.pid).filter((pid) => commandOf(pid).includes(path));
  return [flock, ...childrenOf(flock)];
};

test('the claim outlives the signals that reach a whole group, and is made again when its holder is killed', async () => {
  const { path } = temporaryFolder('owner');
  await claim(path);
  // Ctrl-C and a unit's stop reach all processes: it is for the agent to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) for (const pid of holdersOf(path)) process.kill(pid, signal);
  await expect(claim(path)).rejects.toMatchObject({ code: 'data-dir-in-use' });
  expect(warnings).toEqual([]);
  for (const which of [0, 1]) {
    const before = holdersOf(path);
    process.kill(before[which] ?? 0, 'SIGKILL');
    await waitFor(() => warnings.length === which + 1, { what: 'the warning' });
    const isHeldAgain = () => holdersOf(path).length === 2 && holdersOf(path).every((pid) => !before.includes(pid));
    await waitFor(isHeldAgain, { what: 'the new claim' });
    await expect(claim(path)).rejects.toMatchObject({ code: 'data-dir-in-use' });
  }
  expect(warnings[0]).toMatch(/^the claim of .* was lost: its holder ended \(killed\); the folder is claimed again$/);
});

/** Another one stands in line for the folder; kills the claim's holder once it does. */
async function takeFrom(path: string): Promise<void> {
  const [flock = 0] = holdersOf(path);
  const rival = spawn('flock', [path, 'cat'], { stdio: ['pipe', 'ignore', 'ignore'] });
  onCleanup(() => void rival.stdin.end());
  await waitFor(() => readFileSync('/proc/locks', 'utf8').includes(`-> FLOCK  ADVISORY  WRITE ${rival.pid} `), {
    what: 'the rival to stand in line',
  });
  process.kill(childrenOf(flock)[0] ?? 0, 'SIGKILL');
}

test('who takes the folder meanwhile has it, and the loss is told', async () => {
  const { path } = temporaryFolder('owner');
  const first = await claim(path);
  await takeFrom(path);
  await expect(first.lost).resolves.toMatchObject({ code: 'data-dir-in-use' });
});

test('an agent whose folder was taken ends, and leaves HAProxy to the other one', async () => {
  const fleet = await startFleet();
  const node = await startNode(fleet, { FLOTILLA_HAPROXY_ON_EXIT: 'stop' });
  expect(await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'good') }))).toMatchObject({
    kind: 'ack',
  });
  await takeFrom(node.dataDir);
  await expect(node.failed).resolves.toMatchObject({ code: 'data-dir-in-use' });
  await expect(node.stop()).rejects.toMatchObject({ code: 'data-dir-in-use' });
  expect(await ask(node)).toBe('good');
});

test('a folder of another fleet is refused, with the way to use it all the same', async () => {
  const { path } = temporaryFolder('owner');
  await (await claim(path, 'edge')).giveUp();
  await expect(claim(path, 'lb')).rejects.toMatchObject({
    code: 'data-dir-of-other-fleet',
    message: expect.stringMatching(/fleet edge.*fleet lb.*owner\.json/) as string,
  });
  rmSync(join(path, 'owner.json'));
  await claim(path, 'lb');
});

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
const childrenOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' '))
    .filter(Boolean)
    .map(Number);
