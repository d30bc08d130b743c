import type { LoadedArtifact } from '@flotilla/artifact';
import type { RuntimeSocket } from '@flotilla/haproxy';
import { waitFor } from '@flotilla/testkit';
import { Delivery } from '../src/delivery/delivery.ts';
import { resume } from '../src/delivery/resume.ts';
import type { State } from '../src/delivery/state.ts';
import type { Brought, HaproxyPort, Look } from '../src/haproxy/port.ts';
import { releaseName } from '../src/store/paths.ts';
import { type PlacedRelease, placeArtifact } from '../src/store/placed-release.ts';
import type { ReleaseStore } from '../src/store/release-store.ts';
import { type AgentState, emptyState } from '../src/store/state-file.ts';
import { artifact } from './artifacts.ts';
import { contextOf, runningWorker } from './context.ts';

/** A configuration with one server; `text` calls for a reload when it changes. */
export const configOf = (address: string, text = ''): string =>
  `frontend web\n  bind 127.0.0.1:1\n  default_backend web\nbackend web\n  server a ${address}\n${text && `  # ${text}\n  http-request set-header x ${text}\n`}`;

export const versionOf = (number: number, address: string, text = ''): LoadedArtifact =>
  artifact(number, { 'haproxy.cfg': configOf(address, text) });

/** What lies on a disk that outlives the agent. */
export interface Disk {
  readonly releases: Map<string, PlacedRelease>;
  current: PlacedRelease | undefined;
  state: AgentState;
}

export const emptyDisk = (): Disk => ({ releases: new Map(), current: undefined, state: emptyState });

/** HAProxy as values: it reads what the disk says at a start or reload, and has servers that its socket changes. */
export interface Hap {
  reads: PlacedRelease | undefined;
  worker: number;
  oldWorkers: number;
  /** Why it does not take a release. */
  refuses: (release: PlacedRelease) => string | undefined;
  /** Answers what is set, and leaves everything as it is. */
  isDeaf: boolean;
  /** Address by server of the backend. */
  servers: Map<string, string>;
}

export const newHap = (): Hap => ({
  reads: undefined,
  worker: 100,
  oldWorkers: 0,
  refuses: () => undefined,
  isDeaf: false,
  servers: new Map(),
});

export interface NodeOfValues {
  /** What happened to disk and HAProxy and what was answered, in order: `switch 2`, `reload 2`, `save good 1 parked 2`. */
  readonly journal: string[];
  readonly disk: Disk;
  readonly hap: Hap;
  state(): State;
  readonly delivery: Delivery;
  offer(artifact: LoadedArtifact): void;
  until(entry: string): Promise<unknown>;
  stop(): void;
}

const numberOf = (placed: { manifest: { version: number } } | undefined): string =>
  `${placed?.manifest.version ?? '-'}`;

/** An agent's delivery on a disk and a HAProxy of values. It goes on from what the disk holds. */
export async function startNodeOfValues(
  given: { disk?: Disk; hap?: Hap; mode?: HaproxyPort['mode']; maxOldWorkers?: number; longestPutOffMs?: number } = {},
): Promise<NodeOfValues> {
  const { disk = emptyDisk(), hap = newHap(), mode = 'supervise' } = given;
  const journal: string[] = [];
  const ending = new AbortController();
  const context = contextOf({
    haproxy: { mode, onEvent: () => undefined, ...haproxyOn(disk, hap, journal) },
    store: storeOn(disk, journal),
    signal: ending.signal,
    answer: ({ kind, artifact: { version } }) => journal.push(`${kind} ${version}`),
    settings: { maxOldWorkers: given.maxOldWorkers ?? 5, longestPutOffMs: given.longestPutOffMs ?? 900_000 },
  });
  await resume(context);
  const delivery = new Delivery(context, { verifyMs: 10, onStep: () => undefined });
  void delivery.run();
  return {
    ...{ journal, disk, hap, delivery, state: () => context.state },
    offer: (next) => {
      delivery.offer(next);
    },
    until: (entry) =>
      waitFor(() => journal.includes(entry), { what: `${entry} after ${journal.join(', ')}`, everyMs: 1 }),
    stop: () => {
      ending.abort(new Error('the test ends'));
    },
  };
}

function storeOn(disk: Disk, journal: string[]): Partial<ReleaseStore> {
  const whole = { mended: [], written: [] };
  return {
    paths: { root: '/n', current: '/n/current', releases: '', trees: '', check: '', state: '', run: '' },
    unflushedSince: undefined,
    write: (placed) => {
      journal.push(`write ${numberOf(placed)}`);
      disk.releases.set(releaseName(placed.manifest), placed);
      return Promise.resolve();
    },
    switchTo: (manifest) => {
      journal.push(`switch ${manifest.version}`);
      disk.current = disk.releases.get(releaseName(manifest));
    },
    switchToNothing: () => {
      journal.push('switch -');
      disk.current = undefined;
    },
    flush: () => {
      journal.push('flush');
      return Promise.resolve();
    },
    readState: () => Promise.resolve(disk.state),
    writeState: (state) => {
      disk.state = state;
      journal.push(`save good ${state.lastGood?.version ?? '-'} parked ${state.parked?.artifact.version ?? '-'}`);
    },
    current: () => Promise.resolve(disk.current),
    load: (name) => Promise.resolve(disk.releases.get(name)),
    mend: () => Promise.resolve(whole),
    mendTrees: () => Promise.resolve(whole),
    artifactOf: () => undefined,
    collect: () => Promise.resolve(),
  };
}

function haproxyOn(disk: Disk, hap: Hap, journal: string[]): Partial<HaproxyPort> {
  const look = (): Promise<Look> => {
    if (!hap.reads) return Promise.resolve({ kind: 'down', why: 'it is not running' });
    const { worker, oldWorkers, reads } = hap;
    return Promise.resolve({
      kind: 'running',
      running: { ...runningWorker(worker), oldWorkers, release: reads.manifest.digest },
    });
  };
  const read = async (how: 'started' | 'reloaded'): Promise<Brought> => {
    journal.push(`${how} ${numberOf(disk.current)}`);
    const words = disk.current ? hap.refuses(disk.current) : 'there is no haproxy.cfg';
    if (words !== undefined) return { kind: 'refused', words };
    hap.reads = disk.current;
    hap.worker++;
    hap.servers = new Map(
      [...(disk.current?.release.config.text ?? '').matchAll(/^ {2}server (\S+) (\S+)/gm)].map(
        ([, name = '', at = '']) => [name, at],
      ),
    );
    return { kind: 'live', how, look: await look() };
  };
  return {
    look,
    start: async () => (hap.reads ? { kind: 'live', how: 'adopted', look: await look() } : read('started')),
    reload: () => read('reloaded'),
    runtime: () => socketOf(hap, journal),
  };
}

const columns = 'be_name srv_id srv_name srv_addr srv_port srv_uweight srv_admin_state srv_agent_state';

function socketOf(hap: Hap, journal: string[]): RuntimeSocket {
  const answer = (command: string): string => {
    const set = /^set server web\/(\S+) addr (\S+) port (\d+)/.exec(command);
    if (set) {
      const [, name = '', host, port] = set;
      journal.push(`set ${name} ${host}:${port}`);
      if (!hap.isDeaf) hap.servers.set(name, `${host}:${port}`);
      return `IP changed from '1.1.1.1' to '${host}', port changed from '1' to '${port}' by 'stats socket command'`;
    }
    if (command.startsWith('show servers state')) {
      const rows = [...hap.servers].map(([name, at], id) => `web ${id + 1} ${name} ${at.replace(':', ' ')} 1 0 0`);
      return `1\n# ${columns}\n${rows.join('\n')}\n`;
    }
    return '';
  };
  return {
    where: 'values',
    ask: (command) => Promise.resolve(answer(command)),
    askAll: (commands) => Promise.resolve(commands.map(answer)),
  };
}

/** The placed form of a version on this node's disk. */
export const placedOf = (held: LoadedArtifact): PlacedRelease => placeArtifact(held, '/n/current');
