import { readdirSync } from 'node:fs';
import { type SmallDisk, canMountDisks, cleanUp, smallDisk, waitFor } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { claimFolder } from '../../src/store/owner.ts';
import { startFleet } from '../fleet.ts';
import { answers, ask, config, startNode } from '../node.ts';

afterEach(cleanUp);

const filesOn = ({ path }: SmallDisk): string[] =>
  readdirSync(path, { recursive: true })
    .map(String)
    .filter((name) => name !== 'filler')
    .sort();

test.runIf(canMountDisks)(
  'a disk that is full leaves the last good version in traffic, no half-written file, and the next one goes on by itself',
  async () => {
    const fleet = await startFleet();
    const disk = smallDisk(4);
    const node = await startNode(fleet, { FLOTILLA_DATA_DIR: disk.path });
    const publish = (name: string) =>
      fleet.publish({ 'haproxy.cfg': config(node.port, name, [], `  # ${'x'.repeat(200_000)}`) });
    expect(await fleet.answerTo(await publish('good'))).toMatchObject({ kind: 'ack' });
    const before = filesOn(disk);
    disk.fill();

    const next = await publish('next');
    expect(await waitFor(() => node.problem(), { what: 'the problem' })).toMatch(/ENOSPC: no space left/);
    expect(await ask(node)).toBe('good');
    expect(filesOn(disk)).toEqual(before);

    disk.empty();
    await answers(node, 'next');
    expect(await fleet.answerTo(next)).toMatchObject({ kind: 'ack' });
    await waitFor(() => node.problem() === undefined, { what: 'the end of the problem', deadlineMs: 20_000 });
  },
);

test.runIf(canMountDisks)(
  'an agent that is restarted on a full disk serves on, and its folder stays its own',
  async () => {
    const fleet = await startFleet();
    const disk = smallDisk(4);
    const node = await startNode(fleet, { FLOTILLA_DATA_DIR: disk.path });
    const { port, stop } = node;
    const again = { FLOTILLA_DATA_DIR: disk.path, PORT: String(port), FLOTILLA_NODE: 'renamed' };
    expect(await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(port, 'good') }))).toMatchObject({
      kind: 'ack',
    });
    await stop();
    expect(await ask({ port })).toBe('ECONNREFUSED');
    disk.fill();

    const restarted = await startNode(fleet, again);
    await answers(restarted, 'good');
    expect(restarted.log).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: expect.stringContaining('owner.json') as string }),
    );
    await restarted.stop();
    await expect(claimFolder(disk.path, { fleet: 'other', node: 'node-1' }, () => undefined)).rejects.toMatchObject({
      code: 'data-dir-of-other-fleet',
    });
  },
);
