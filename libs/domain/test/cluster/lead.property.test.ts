import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Change, Cluster, type SourcePosition, type WrittenInputs, fleetName } from '../../src/index.ts';
import { base64, podObject, at as positionAt, comesBefore } from './objects.ts';
import { pems } from './pems.ts';

const lb = fleetName('lb');
const graceMs = 1_000;
const service = JSON.stringify({ namespace: 'web', selector: { app: 'x' } });
const named = JSON.stringify({ namespace: 'web', selector: {}, tls: 'c' });
const { one, two } = pems;

const data = (keys: string[], values: string[]) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .dictionary(fc.constantFrom(...keys), fc.constantFrom(...values))
        .map((entries) => JSON.stringify({ data: entries })),
    },
    { weight: 1, arbitrary: fc.constantFrom('{}', 'garbage') },
  );
const put = (path: string, text: fc.Arbitrary<string>) =>
  text.map((value) => ({ kind: 'put' as const, path, text: value }));
const write = fc.oneof(
  put('configmaps/lb/services', data(['s', 't'], [service, named, '{', '{'])),
  put('configmaps/lb/config', data(['template', 'm.map'], ['A', 'B', ''])),
  put('configmaps/lb/certificates', data(['c', 'd'], [one.certificate, two.certificate, 'garbage'])),
  put('secrets/lb/keys', data(['c', 'd'], [base64(one.key), base64(two.key), base64('garbage')])),
  put('pods/web/p', fc.constantFrom(JSON.stringify(podObject({ app: 'x' })), JSON.stringify(podObject({})), 'garbage')),
  fc
    .constantFrom('', 'configmaps', 'secrets/lb/keys', 'configmaps/lb/services', 'configmaps/lb/config', 'pods/web/p')
    .map((path) => ({ kind: 'delete' as const, path })),
);
const watcher = fc.constantFrom(0, 1);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ writes: fc.array(write, { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ cut: watcher }) },
  { weight: 2, arbitrary: fc.record({ join: watcher }) },
  { weight: 1, arbitrary: fc.record({ restart: watcher }) },
  { weight: 3, arbitrary: fc.record({ lead: watcher }) },
  { weight: 1, arbitrary: fc.record({ waitMs: fc.constantFrom(1, graceMs - 1, graceMs) }) },
);

/** A store, two watchers of which one leads and follows the store, and what was written last. */
class World {
  now = 0;
  index = 0;
  readonly objects = new Map<string, { text: string; position: SourcePosition }>();
  /** One that leads all the time and never misses anything. */
  readonly ideal = this.#cluster();
  readonly watchers = [0, 1].map(() => ({ cluster: this.#cluster(), isCut: false, known: new Set<string>() }));
  leader = 0;
  lastWriter = 0;
  written: WrittenInputs | undefined;

  #cluster(): Cluster {
    const cluster = new Cluster([lb], { graceMs, now: () => this.now, comesBefore });
    cluster.replace([], positionAt(0));
    return cluster;
  }

  write(changes: readonly Change[]): void {
    const told = changes.flatMap((change): Change[] => {
      if (change.kind === 'put') {
        this.objects.set(change.path, change);
        return [change];
      }
      const gone = [...this.objects.keys()].filter((path) => isBelow(path, change.path));
      for (const path of gone) this.objects.delete(path);
      return gone.map((path) => ({ ...change, path }));
    });
    this.ideal.apply(told);
    for (const { cluster, isCut } of this.watchers) if (!isCut) cluster.apply(told);
  }

  cut(at: number): void {
    const each = this.#at(at);
    if (each.isCut) return;
    each.isCut = true;
    each.known = new Set(this.objects.keys());
    if (this.leader === at) this.lead(1 - at);
  }

  /** It lists the store: what it had and is gone was deleted, everything else comes as it is. */
  join(at: number): void {
    const each = this.#at(at);
    if (!each.isCut) return;
    each.isCut = false;
    const gone = [...each.known].filter((path) => !this.objects.has(path));
    each.cluster.apply([
      ...gone.map((path) => ({ kind: 'delete' as const, path, position: positionAt(this.index) })),
      ...Array.from(this.objects, ([path, object]) => ({ kind: 'put' as const, path, ...object })),
    ]);
  }

  restart(at: number): void {
    const cluster = this.#cluster();
    const objects = Array.from(this.objects, ([path, object]) => ({ path, ...object }));
    cluster.replace(objects, positionAt(this.index));
    this.watchers[at] = { cluster, isCut: false, known: new Set() };
    if (this.lastWriter === at) this.lastWriter = -1;
    if (this.leader === at) this.lead(at);
  }

  lead(at: number): void {
    this.join(at);
    this.leader = at;
    if (this.lastWriter !== at && this.written) this.#at(at).cluster.takeOver(lb, this.written, positionAt(this.index));
  }

  /** What every watcher does on its own, and the leader's write. */
  settle(): void {
    for (const cluster of [this.ideal, ...this.watchers.map((each) => each.cluster)]) {
      if (cluster.hold(lb) && cluster.lacks(lb).length === 0) cluster.endHold(lb);
    }
    const { cluster } = this.#at(this.leader);
    for (const each of [this.ideal, cluster]) each.letGo(lb);
    const { changes } = cluster.takeAll(lb);
    if (changes.size > 0 || this.lastWriter !== this.leader) this.lastWriter = this.leader;
    if (changes.size > 0) this.written = { fields: new Map(cluster.allFields(lb)), position: positionAt(this.index) };
  }

  fields(of: 'ideal' | 'leader'): Record<string, string> {
    return Object.fromEntries((of === 'ideal' ? this.ideal : this.#at(this.leader).cluster).allFields(lb));
  }

  #at(at: number): { cluster: Cluster; isCut: boolean; known: Set<string> } {
    const each = this.watchers[at];
    if (!each) throw new RangeError(`no watcher ${at}`);
    return each;
  }
}

const isBelow = (path: string, above: string) => above === '' || path === above || path.startsWith(`${above}/`);

it(
  'whoever leads, and whatever it missed, the inputs are those of a watcher that was there all along',
  { timeout: 120_000 },
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
        const world = new World();
        for (const each of steps) {
          if ('writes' in each)
            world.write(each.writes.map((change) => ({ ...change, position: positionAt(++world.index) })));
          else if ('cut' in each) world.cut(each.cut);
          else if ('join' in each) world.join(each.join);
          else if ('restart' in each) world.restart(each.restart);
          else if ('lead' in each) world.lead(each.lead);
          else world.now += each.waitMs;
          world.settle();
          expect(world.fields('leader')).toEqual(world.fields('ideal'));
        }
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) },
    );
  },
);
