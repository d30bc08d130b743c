/** Whether everything is as etcd says, and says so itself. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '@flotilla/testkit';
import { brokenIn } from './cluster-operations.ts';
import { expectations } from './cluster.ts';
import { readContent } from './content.ts';
import { differences, leaks, openFiles } from './inspect.ts';
import { sleep } from './operation.ts';
import { type World, fleets } from './world.ts';

export interface Finding {
  readonly kind: 'traffic' | 'state' | 'status' | 'leak' | 'operation' | 'render';
  readonly text: string;
}

/** What renderers found wrong themselves: no incremental render may differ from a full one. */
export const wrongRenders = (world: World): Finding[] =>
  world
    .parts()
    .flatMap(({ name, app }) =>
      app.log
        .filter(({ msg }) => msg?.includes('an incremental render was wrong'))
        .map((line) => ({ kind: 'render', text: `${name}: ${JSON.stringify(line)}` }) as const),
    );

const patienceMs = 90_000;

/** Waits until every node runs what etcd says and `flotilla status` says well; gives what is wrong after the last look. */
export async function untilWell(world: World): Promise<Finding[]> {
  return lastLook(async () => {
    const status = await readStatus(world);
    const wrong = await stateOf(world, () => true);
    if (!status.ok) return [...wrong, finding('status', `not well: ${status.missing.join('; ')}`)];
    return wrong.length > 0 ? [...wrong, finding('status', 'it says well all the same')] : [];
  });
}

/** While entries are broken: everything else goes out, and status does not call that well. */
export async function untilSetAside(world: World): Promise<Finding[]> {
  const isKeptBack = (fleet: string): boolean => brokenIn(world.cluster, fleet).keepsBack;
  return lastLook(async () => {
    const status = await readStatus(world);
    const lies = fleets.filter(
      (fleet) => brokenIn(world.cluster, fleet).what.length > 0 && status.well.includes(fleet),
    );
    return [
      ...(await stateOf(world, (fleet) => !isKeptBack(fleet))),
      ...lies.map((fleet) =>
        finding('status', `${fleet} is called well, with ${brokenIn(world.cluster, fleet).what.join()}`),
      ),
    ];
  });
}

async function lastLook(look: () => Promise<Finding[]>): Promise<Finding[]> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found.length === 0 || performance.now() > end) return found;
    await sleep(300);
  }
}

async function stateOf({ cluster, store, nodes }: World, isMeant: (fleet: string) => boolean): Promise<Finding[]> {
  const content = await readContent(store, fleets);
  const found = await Promise.all(
    nodes
      .filter(({ fleet }) => isMeant(fleet))
      .map(async (node) => {
        const choices = expectations(content, node.fleet, cluster.candidates(node.fleet));
        let least: string[] | undefined;
        for (const choice of choices) {
          const wrong = await differences(node, choice).catch((error: unknown) => [`${node.name}: ${String(error)}`]);
          if (least === undefined || wrong.length < least.length) least = wrong;
          if (wrong.length === 0) break;
        }
        return least ?? [];
      }),
  );
  return found.flat().map((text) => finding('state', text));
}

const finding = (kind: Finding['kind'], text: string): Finding => ({ kind, text });

interface Status {
  readonly ok: boolean;
  readonly missing: string[];
  /** Fleets that are called well. */
  readonly well: string[];
}

async function readStatus({ env }: World): Promise<Status> {
  const command = join(repositoryRoot(), 'apps/cli/bin/flotilla.mjs');
  const options = { env: { PATH: process.env['PATH'], ...env }, timeout: 20_000 };
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'status', '--all', '--json'], options).catch(
    // Exit code 1 says that not all is well; what it printed says why.
    (error: unknown) => error as { stdout: string },
  );
  try {
    const read = JSON.parse(stdout) as Status & { fleets: { fleet: string; ok: boolean; missing: string[] }[] };
    return {
      ok: read.ok && read.fleets.length === fleets.length && read.fleets.every(({ ok }) => ok),
      missing: [
        ...read.missing,
        ...read.fleets.flatMap(({ fleet, missing }) => missing.map((why) => `${fleet}: ${why}`)),
      ],
      well: read.missing.length > 0 ? [] : read.fleets.filter(({ ok }) => ok).map(({ fleet }) => fleet),
    };
  } catch {
    return { ok: false, missing: [`status said: ${stdout.slice(0, 500)}`], well: [] };
  }
}

const mostMore = 60;

/** Compares the open files of every program with what it had when all was well first. */
export class LeakWatch {
  readonly #first = new Map<number, number>();

  look(world: World): Finding[] {
    const found = world.nodes.flatMap(leaks);
    for (const { name, app } of world.parts()) {
      const now = openFiles(app.pid);
      const first = this.#first.get(app.pid) ?? now;
      this.#first.set(app.pid, first);
      if (now > first + mostMore) found.push(`${name} has ${now} open files, ${first} at first`);
    }
    return found.map((text) => finding('leak', text));
  }
}
