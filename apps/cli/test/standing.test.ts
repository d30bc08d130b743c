import {
  type ArtifactIdentity,
  type Instance,
  type ReceivedStatus,
  digest,
  epoch,
  fleetName,
  version,
} from '@flotilla/domain';
import { describe, expect, it } from 'vitest';
import { type FleetStanding, stateOf } from '../src/operator/standing.ts';
import { type AppStanding, type Surroundings, commonTrouble } from '../src/operator/surroundings.ts';
import { isEverywhere, missing as missingOf } from '../src/operator/well.ts';

const missing = (one: FleetStanding, surroundings = around()): string[] => missingOf(one, surroundings);

const now = Date.parse('2026-01-01T00:00:05Z');
const artifact = (number: number, life = 'e1'): ArtifactIdentity => ({
  epoch: epoch(life),
  version: version(number),
  digest: digest(`d${number}`),
});
const instance = (id: string): Instance => ({ id, host: 'h', pid: 1, version: '0', since: '2026-01-01T00:00:00Z' });
const node = (more: Partial<ReceivedStatus> = {}): ReceivedStatus => ({
  node: 'n1',
  desired: artifact(2),
  applied: artifact(2),
  lastGood: artifact(2),
  parked: null,
  problem: null,
  haproxy: { version: '2.6.12', pid: 1, oldWorkers: 0 },
  instance: instance('h1/1/x'),
  rival: null,
  behind: null,
  clockMs: 0,
  // The node's own clock is of no account.
  at: '2020-01-01T00:00:00Z',
  seenAt: now - 5_000,
  ...more,
});
const app = (kind: AppStanding['app'], role: AppStanding['role'], more: Partial<AppStanding> = {}): AppStanding => ({
  app: kind,
  role,
  instance: instance(`${kind}/1/x`),
  fleets: null,
  trouble: [],
  fleetTrouble: {},
  clockMs: 0,
  ...more,
});
const around = (more: Partial<Surroundings> = {}): Surroundings => ({
  now,
  writesRefused: null,
  queue: { waiting: 0, active: 0, delayed: 0, isPaused: false },
  apps: [app('watcher', 'leads'), app('renderer', 'renders')],
  leader: 'watcher/1/x',
  ...more,
});
const standing = (more: Partial<FleetStanding> = {}): FleetStanding => ({
  fleet: fleetName('lb'),
  inputs: { revision: 7, position: '70', updatedAt: '2026-01-01T00:00:00Z' },
  artifact: { ...artifact(2), revision: 7, createdAt: null, checked: true },
  waits: null,
  rendered: true,
  failed: null,
  problems: [],
  nodes: [{ ...node(), state: 'current' }],
  hold: null,
  oddReports: [],
  ...more,
});

describe('a node', () => {
  it('is current when it runs what is desired, whatever its number', () => {
    expect(stateOf(node(), artifact(2), now)).toBe('current');
    expect(stateOf(node(), { ...artifact(2), version: version(9) }, now)).toBe('current');
  });

  it('is behind with another version, with one of another life of the data, and with none', () => {
    expect(stateOf(node(), artifact(3), now)).toBe('behind');
    expect(stateOf(node(), artifact(2, 'e2'), now)).toBe('behind');
    expect(stateOf(node({ applied: null }), artifact(2), now)).toBe('behind');
    expect(stateOf(node(), undefined, now)).toBe('behind');
  });

  it('is parked only while the version that it refused is the desired one', () => {
    const parked = { artifact: artifact(3), reason: 'no' };
    expect(stateOf(node({ parked }), artifact(3), now)).toBe('parked');
    expect(stateOf(node({ parked }), artifact(2), now)).toBe('current');
  });

  it('is in trouble when it says so, and silent when it says nothing', () => {
    expect(stateOf(node({ problem: 'no haproxy' }), artifact(2), now)).toBe('trouble');
    expect(stateOf(node({ problem: 'no haproxy' }), artifact(2), now + 60_000)).toBe('silent');
  });
});

describe('a fleet', () => {
  it('is where it should be with a watcher, rendered inputs and current nodes', () => {
    expect(missing(standing())).toEqual([]);
  });

  it('is not without a node, or with inputs that are not rendered', () => {
    expect(missing(standing({ nodes: [] }))).toEqual(['no node has reported']);
    expect(missing(standing({ rendered: false }))).toEqual(['revision 7 is not rendered']);
    expect(missing(standing({ inputs: null, rendered: false, artifact: null }))).toHaveLength(2);
  });

  it('names the nodes that are not there, by their state', () => {
    const nodes = (['behind', 'parked', 'behind'] as const).map((state, at) => ({
      ...node({ node: `n${at}` }),
      state,
    }));
    expect(missing(standing({ nodes }))).toEqual(['behind: n0, n2', 'parked: n1']);
  });
});

describe('well', () => {
  it('is said of no fleet that is held, nor while a report is odd', () => {
    expect(missing(standing())).toEqual([]);
    const hold = { since: '2026-01-01T00:00:00Z', missing: ['configmaps/lb/config'], reason: 'it is not in the store' };
    expect(missing(standing({ hold }))).toEqual(['held: it is not in the store']);
    // A name is shown so that nothing in it reaches the terminal as it is.
    expect(missing(standing({ oddReports: ['a\u001b[2J'] }))).toEqual([
      'no report of a node, or one of another release, see "flotilla forget": "a\\u001b[2J"',
    ]);
  });

  it('is not said while an entry is set aside, whatever serves in its place', () => {
    const problem = { object: 'configmaps/lb/services', code: 'not-json', reason: 'x', serves: 'last-good' } as const;
    expect(missing(standing({ problems: [problem] }))).toEqual(['1 entry set aside']);
    // A change is everywhere all the same.
    expect(isEverywhere(standing({ problems: [problem] }))).toBe(true);
    expect(isEverywhere(standing({ nodes: [{ ...node({ applied: artifact(1) }), state: 'behind' }] }))).toBe(false);
  });

  it('is not said while two agents have one name, or a clock differs', () => {
    const rival = { ...node({ rival: instance('h2/9/y') }), state: 'trouble' as const };
    expect(missing(standing({ nodes: [rival] }))).toEqual(['trouble: n1', 'two agents report as n1: h1/1 and h2/9']);
    const early = { ...node({ clockMs: -61_000 }), state: 'current' as const };
    expect(missing(standing({ nodes: [early] }))).toEqual(["the clock of node n1 is 61 s behind Redis'"]);
  });

  it('is not said of a fleet that no watcher serves', () => {
    const apps = [app('watcher', 'leads', { fleets: ['edge'] }), app('renderer', 'renders')];
    expect(missing(standing(), around({ apps }))).toEqual([
      'no watcher that is there has lb among its FLOTILLA_FLEETS',
    ]);
  });

  it('is said of what all fleets share when nothing is wrong with it', () => {
    expect(commonTrouble(around())).toEqual([]);
    // Who cannot report is not gone.
    const unheard = around({ writesRefused: 'OOM x', apps: [] });
    expect(commonTrouble(unheard)).toEqual([
      'Redis takes no writes: OOM x; nobody can report meanwhile, so what is said of programs and nodes is old',
    ]);
    expect(commonTrouble(around({ leader: null }))).toEqual(['no watcher leads: changes are not followed']);
    expect(commonTrouble(around({ apps: [app('watcher', 'leads')] }))).toEqual([
      'no renderer is there: nothing is rendered',
    ]);
    expect(commonTrouble(around({ queue: { waiting: 1, active: 0, delayed: 0, isPaused: true } }))).toHaveLength(1);
    const standby = app('watcher', 'stands by', { trouble: ['source: etcd is away'], clockMs: 5_000 });
    expect(commonTrouble(around({ apps: [app('watcher', 'leads'), standby, app('renderer', 'renders')] }))).toEqual([
      'watcher watcher/1: source: etcd is away',
      "the clock of watcher watcher/1 is 5 s ahead of Redis'",
    ]);
  });
});
