import { type ArtifactIdentity, type NodeStatus, digest, epoch, fleetName, version } from '@flotilla/domain';
import { describe, expect, it } from 'vitest';
import { type FleetStanding, stateOf } from '../src/operator/standing.ts';
import { missing } from '../src/operator/status.ts';

const now = Date.parse('2026-01-01T00:00:05Z');
const artifact = (number: number, life = 'e1'): ArtifactIdentity => ({
  epoch: epoch(life),
  version: version(number),
  digest: digest(`d${number}`),
});
const node = (more: Partial<NodeStatus> = {}): NodeStatus => ({
  node: 'n1',
  desired: artifact(2),
  applied: artifact(2),
  lastGood: artifact(2),
  parked: null,
  problem: null,
  haproxy: { version: '2.6.12', pid: 1, oldWorkers: 0 },
  at: '2026-01-01T00:00:00Z',
  ...more,
});
const standing = (more: Partial<FleetStanding> = {}): FleetStanding => ({
  fleet: fleetName('lb'),
  watcher: 'host/1',
  inputs: { revision: 7, index: 70, updatedAt: '2026-01-01T00:00:00Z' },
  artifact: { ...artifact(2), revision: 7, createdAt: null, checked: true },
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

  it('is not without a watcher, without a node, or with inputs that are not rendered', () => {
    expect(missing(standing({ watcher: null }))).toEqual(['no watcher leads: changes are not followed']);
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
    expect(missing(standing({ oddReports: ['a\u001b[2J'] }))).toEqual(['odd reports, left out: "a\\u001b[2J"']);
  });
});
