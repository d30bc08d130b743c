import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type FleetName,
  type RenderResult,
  type Revision,
  fleetName,
  renderQueue,
  revision,
  sourcePosition,
} from '@flotilla/domain';
import { type RedisServer, cleanUp, startRedis, waitFor } from '@flotilla/testkit';
import {
  type RenderWorkerOptions,
  type Signals,
  createJobHistory,
  createRenderWorker,
  createSignals,
} from '../src/index.ts';

const lb = fleetName('lb');
const edge = fleetName('edge');
const closing: (() => unknown)[] = [];
let server: RedisServer;
let signals: Signals;

beforeAll(async () => {
  server = await startRedis();
});
beforeEach(() => {
  signals = createSignals({ connection: connect() });
  closing.push(() => signals.close());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await server.flush();
});
afterAll(cleanUp);

function connect(): Redis {
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  closing.push(() => {
    redis.disconnect();
  });
  return redis;
}

const result = (fleet: FleetName): RenderResult => ({
  kind: 'published',
  fleet,
  epoch: 'e' as RenderResult['epoch'],
  revision: revision(1),
  version: null,
  digest: null,
  changes: [],
  changeCount: 0,
  problems: [],
  stagesMs: {},
});

const setback = {
  revision: revision(7),
  stage: 'check',
  code: 'haproxy-refuses',
  changes: [{ object: 'configmaps/lb/config', position: sourcePosition('9') }],
  changeCount: 1,
};

/** A renderer that renders what `newest` says, as fast as `render` lets it. */
function startWorker(
  render: (fleet: FleetName, attempt: number) => Promise<void>,
  connection = connect(),
  onFetch?: RenderWorkerOptions['onFetch'],
  name = 'renderer-1',
) {
  const worker = createRenderWorker({
    connection,
    name,
    history: { completed: 10, failed: 10 },
    setbackOf: () => setback,
    concurrency: 4,
    render: async (fleet, { attempt }) => {
      await render(fleet, attempt);
      return result(fleet);
    },
    isFinal: (error) => error instanceof SyntaxError,
    givesBack: (error) => error instanceof RangeError,
    onError: () => undefined,
    ...(onFetch && { onFetch }),
  });
  closing.push(() => worker.close());
  return worker;
}
const history = () => {
  const made = createJobHistory({ connection: connect() });
  closing.push(() => made.close());
  return made;
};
const gate = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
};
const states = async () => (await history().jobs()).map(({ state }) => state).sort();

it("a job that is none of Flotilla's is failed with its reason, leads nowhere and keeps nobody waiting", async () => {
  const queue = new Queue(renderQueue.name, { connection: connect(), prefix: renderQueue.prefix });
  closing.push(() => queue.close());
  for (const data of [{ fleet: '../../victim', revision: 1 }, null, { fleet: 7 }, []]) await queue.add('render', data);
  const rendered: string[] = [];
  startWorker((fleet) => Promise.resolve(void rendered.push(fleet)));
  await signals.signal(lb, revision(1));
  await waitFor(async () => (await states()).includes('completed'), { what: 'the job of the fleet' });
  expect(rendered).toEqual(['lb']);
  const failed = await queue.getFailed();
  expect(failed.map(({ failedReason }) => failedReason)).toEqual(
    Array(4).fill(expect.stringContaining('no job of Flotilla')),
  );
  // The history tells of fleets.
  expect((await history().jobs()).map(({ fleet }) => fleet)).toEqual(['lb']);
});

describe('fetching', () => {
  it('is told when it begins, and then whose job it brought', async () => {
    const events: string[] = [];
    startWorker(
      () => Promise.resolve(void events.push('render')),
      connect(),
      () => {
        events.push('fetch');
        return (fleet) => events.push(`fetched ${fleet ?? 'nothing'}`);
      },
    );
    await waitFor(() => events.length > 0, { what: 'the first fetch' });
    await waitFor(() => events.at(-1) === 'fetched nothing', { what: 'an empty queue' });
    events.length = 0;
    await signals.signal(lb, revision(1));
    await waitFor(() => events.includes('render'), { what: 'the render' });
    expect(events.slice(0, 3)).toEqual(['fetch', 'fetched lb', 'render']);
  });
});

describe('signals', () => {
  it('become few renders, and the last of them begins after the last signal', async () => {
    let newest = 0;
    let seen = -1;
    let renders = 0;
    startWorker(async () => {
      seen = newest;
      renders++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    for (newest = 1; newest < 2_000; newest++) await signals.signal(lb, revision(newest));
    await signals.signal(lb, revision(newest));
    await waitFor(() => seen === newest, { what: 'a render of the last change' });
    expect(renders).toBeLessThan(200);
  });

  it('of one fleet render one at a time, of several side by side', async () => {
    const { open, opened } = gate();
    const active = new Map<FleetName, number>();
    let most = 0;
    startWorker(async (fleet) => {
      active.set(fleet, (active.get(fleet) ?? 0) + 1);
      most = Math.max(most, ...active.values());
      await opened;
      active.set(fleet, (active.get(fleet) ?? 0) - 1);
    });
    for (let at = 1; at <= 3; at++) for (const fleet of [lb, edge]) await signals.signal(fleet, revision(at));
    await waitFor(() => active.size === 2, { what: 'both fleets' });
    open();
    await waitFor(async () => (await states()).join() === 'completed,completed,completed,completed', {
      what: 'two renders of each fleet',
    });
    expect(most).toBe(1);
  });

  it('start a job that waits for its next attempt: the change may be the cure', async () => {
    const attempts: number[] = [];
    startWorker((_fleet, attempt) => {
      attempts.push(attempt);
      return attempts.length === 1 ? Promise.reject(new Error('no')) : Promise.resolve();
    });
    await signals.signal(lb, revision(1));
    const queue = new Queue(renderQueue.name, { connection: connect(), prefix: renderQueue.prefix });
    closing.push(() => queue.close());
    await waitFor(async () => (await queue.getDelayedCount()) === 1, { what: 'the first failure', everyMs: 2 });
    await signals.signal(lb, revision(2));
    // It moved to the front at the time of the signal, or a worker has it already.
    const [delayed] = await queue.getDelayed();
    expect(delayed?.delay ?? 0).toBe(0);
    await waitFor(() => attempts.length === 2, { what: 'the second attempt' });
    expect(attempts).toEqual([1, 2]);
  });

  it('carry nothing but fleet and revision', async () => {
    await signals.signal(lb, revision(3));
    const queue = new Queue(renderQueue.name, { connection: connect(), prefix: renderQueue.prefix });
    closing.push(() => queue.close());
    expect((await queue.getWaiting()).map(({ data }) => data as unknown)).toEqual([{ fleet: 'lb', revision: 3 }]);
  });
});

describe('reviving a fleet', () => {
  const worked = async (act: () => Promise<unknown>) => {
    let renders = 0;
    startWorker(() => Promise.resolve(void renders++));
    await act();
    await waitFor(() => renders > 0, { what: 'a render' });
    return renders;
  };

  it('adds a job where there is none, and leaves a live one alone', async () => {
    expect(await signals.revive(lb, revision(1))).toBe('added');
    expect(await signals.revive(lb, revision(1))).toBe('live');
    const { open, opened } = gate();
    let isActive = false;
    startWorker(() => {
      isActive = true;
      return opened;
    });
    await waitFor(() => isActive, { what: 'the render' });
    expect(await signals.revive(lb, revision(1))).toBe('live');
    open();
  });

  it('removes the deduplication key of a job that is over', async () => {
    const redis = connect();
    startWorker(() => Promise.resolve());
    await signals.signal(lb, revision(1));
    await waitFor(async () => (await states()).join() === 'completed', { what: 'the render' });
    const [done] = await history().jobs();
    await redis.set(`${renderQueue.prefix}:${renderQueue.name}:de:lb`, done?.id ?? '');
    await signals.signal(lb, revision(2));
    expect(await states()).toEqual(['completed']);
    expect(await signals.revive(lb, revision(2))).toBe('unblocked');
    await waitFor(async () => (await states()).join() === 'completed,completed', { what: 'the second render' });
  });

  it('is not blocked by the key of a job that is gone', async () => {
    const redis = connect();
    await redis.set(`${renderQueue.prefix}:${renderQueue.name}:de:lb`, '12345');
    expect(await worked(() => signals.revive(lb, revision(1)))).toBe(1);
  });

  it('is not blocked by a job that stands in no list', async () => {
    const redis = connect();
    await signals.signal(lb, revision(1));
    await redis.del(`${renderQueue.prefix}:${renderQueue.name}:wait`);
    expect(await signals.revive(lb, revision(2))).toBe('unblocked');
    expect(await worked(() => Promise.resolve())).toBe(1);
  });
});

describe('a render', () => {
  it('that fails is tried again, and told as failed with its reason in the end', async () => {
    let attempts = 0;
    startWorker(() => {
      attempts++;
      return Promise.reject(new Error('haproxy said no'));
    });
    await signals.signal(lb, revision(1));
    const [failed] = await waitFor(async () => (await states()).includes('failed') && history().jobs(), {
      what: 'the failure',
    });
    expect(failed).toMatchObject({ fleet: 'lb', state: 'failed', reason: 'haproxy said no', attempts: 3 });
    expect(attempts).toBe(3);
  });

  it('whose error is final is not tried again', async () => {
    let attempts = 0;
    startWorker(() => {
      attempts++;
      return Promise.reject(new SyntaxError('line 3'));
    });
    await signals.signal(lb, revision(1));
    await waitFor(async () => (await states()).join() === 'failed', { what: 'the failure' });
    expect(attempts).toBe(1);
  });

  it('goes back as it was when its worker is to blame, which takes no more until it may again', async () => {
    const taken: string[] = [];
    let isWell = false;
    const first = startWorker((fleet) => {
      taken.push(fleet);
      return isWell ? Promise.resolve() : Promise.reject(new RangeError('no HAProxy here'));
    });
    for (const fleet of [lb, edge]) {
      await signals.signal(fleet, revision(1));
      await waitFor(async () => taken.length > 0 && (await signals.depth()).active === 0, {
        what: 'the job to be back',
      });
    }
    // Jobs that come later wait as well.
    expect(await states()).toEqual(['waiting', 'waiting']);
    expect(taken).toEqual([lb]);
    const [, job] = await history().jobs();
    expect(job).toMatchObject({ fleet: lb, attempts: 0, reason: undefined, setback: undefined });
    const attempts: number[] = [];
    const second = startWorker(
      (_, attempt) => Promise.resolve(void attempts.push(attempt)),
      connect(),
      undefined,
      'renderer-2',
    );
    await waitFor(async () => (await states()).join() === 'completed,completed', { what: 'the other worker' });
    expect(attempts).toEqual([1, 1]);
    expect(taken).toEqual([lb]);
    const queue = new Queue(renderQueue.name, { connection: connect(), prefix: renderQueue.prefix });
    closing.push(() => queue.close());
    expect((await queue.getJobLogs(job?.id ?? '')).logs).toEqual([
      expect.stringMatching(/given back by renderer-1: no HAProxy here$/),
      expect.stringMatching(/done by renderer-2/),
    ]);
    second.pause();
    isWell = true;
    first.resume();
    first.resume();
    await signals.signal(edge, revision(2));
    await waitFor(() => taken.at(-1) === edge, { what: 'a job of the first worker' });
    await waitFor(async () => (await signals.depth()).active === 0, { what: 'the end of the job' });
  });

  it('waits while every worker is paused, which close all the same', async () => {
    const taken: string[] = [];
    const worker = startWorker((fleet) => Promise.resolve(void taken.push(fleet)));
    worker.pause();
    await signals.signal(lb, revision(1));
    await signals.signal(lb, revision(2));
    expect(await states()).toEqual(['waiting']);
    await worker.close();
    expect(taken).toEqual([]);
    startWorker((fleet) => Promise.resolve(void taken.push(fleet)));
    await waitFor(() => taken.length === 1, { what: 'the job' });
  });

  it('whose worker died is taken up by another one', { timeout: 40_000 }, async () => {
    const dying = connect();
    let isActive = false;
    startWorker(() => {
      isActive = true;
      return new Promise(() => undefined);
    }, dying);
    await signals.signal(lb, revision(1));
    await waitFor(() => isActive, { what: 'the first worker' });
    dying.disconnect();
    let renders = 0;
    startWorker(() => Promise.resolve(void renders++));
    await waitFor(() => renders > 0, { what: 'the second worker', deadlineMs: 30_000 });
  });

  it(
    'whose workers died twice is failed with that reason, and neither its fleet nor another one waits',
    { timeout: 60_000 },
    async () => {
      const queue = new Queue(renderQueue.name, { connection: connect(), prefix: renderQueue.prefix });
      closing.push(() => queue.close());
      let deaths = 0;
      const logOf = async () => (await queue.getJobLogs('1')).logs.map((line) => line.replace(/^\S+ /, ''));
      const startDying = (name: string) => {
        const dying = connect();
        const render = async (fleet: FleetName) => {
          if (fleet === edge) return;
          // Whoever dies at once over a job that nobody died over before is not known.
          await waitFor(async () => (await logOf()).some((line) => line.includes(name)), { what: 'the line' });
          deaths++;
          dying.disconnect();
          await new Promise(() => undefined);
        };
        startWorker(render, dying, undefined, name);
      };
      startDying('dying-1');
      await signals.signal(lb, revision(1));
      await waitFor(() => deaths === 1, { what: 'the first worker to die' });
      startDying('dying-2');
      await waitFor(() => deaths === 2, { what: 'the second worker to die', deadlineMs: 30_000 });
      // The change that comes meanwhile has a job of its own afterwards.
      await signals.signal(lb, revision(2));
      const rendered: FleetName[] = [];
      startWorker((fleet) => Promise.resolve(void rendered.push(fleet)));
      await signals.signal(edge, revision(1));
      await waitFor(() => rendered.includes(edge), { what: 'the other fleet' });
      await waitFor(() => rendered.includes(lb), { what: 'the next change', deadlineMs: 30_000 });
      const [failed] = await history().jobs({ fleet: lb, states: ['failed'] });
      expect(failed).toMatchObject({
        fleet: 'lb',
        reason: expect.stringMatching(/^fleet lb: two renderers died/) as string,
        renderer: 'dying-2',
        setback: { revision: 1, code: 'renderer-died', since: expect.any(Number) as number },
      });
      const lines = await logOf();
      expect(lines).toContain('attempt 1 by dying-1 takes long');
      expect(lines).toContain('attempt 1 by dying-2, as a renderer died or froze over this job');
      expect(await signals.revive(lb, revision(2))).toBe('added');
    },
  );

  it('is waited for when its worker closes', async () => {
    const { open, opened } = gate();
    let isActive = false;
    let isDone = false;
    const worker = startWorker(async () => {
      isActive = true;
      await opened;
      isDone = true;
    });
    await signals.signal(lb, revision(1));
    await waitFor(() => isActive, { what: 'the render' });
    const closed = worker.close();
    open();
    await closed;
    expect(isDone).toBe(true);
    expect(await states()).toEqual(['completed']);
  });
});

describe('while Redis is away', () => {
  it('both sides close without waiting for it', async () => {
    const own = await startRedis();
    const connection = new Redis(own.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    connection.on('error', () => undefined);
    closing.push(() => {
      connection.disconnect();
    });
    let renders = 0;
    const worker = startWorker(() => Promise.resolve(void renders++), connection);
    const sender = createSignals({ connection });
    await sender.signal(lb, revision(1));
    await waitFor(() => renders > 0, { what: 'the render' });
    await own.kill();
    await waitFor(() => connection.status !== 'ready', { what: 'the loss of Redis' });
    const closed = Promise.all([sender.close(), worker.close()]).then(() => 'closed');
    expect(await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 5_000, 'waiting'))])).toBe(
      'closed',
    );
  });
});

describe('the history', () => {
  let told: ReturnType<typeof history>;
  beforeEach(() => {
    told = history();
  });
  const ended = (fleet: FleetName) => told.jobs({ fleet, states: ['completed', 'failed'], count: 1_000 });
  const add = async (fleet: FleetName, at: Revision) => {
    const before = (await ended(fleet))[0]?.id;
    await signals.signal(fleet, at);
    await waitFor(
      async () => {
        const [newest] = await ended(fleet);
        return newest !== undefined && newest.id !== before;
      },
      { what: 'the render' },
    );
  };

  it('is bounded for each fleet, newest first: one that fails all the time pushes out nothing of the others', async () => {
    let failing: FleetName | undefined = lb;
    startWorker((fleet) => (fleet === failing ? Promise.reject(new SyntaxError('no')) : Promise.resolve()));
    await add(edge, revision(1));
    for (let at = 1; at <= 24; at++) await add(lb, revision(at));
    failing = edge;
    await add(edge, revision(2));
    for (let at = 25; at <= 50; at++) await add(lb, revision(at));
    expect((await ended(edge)).map(({ state }) => state)).toEqual(['failed', 'completed']);
    const jobs = await told.jobs({ count: 1_000 });
    expect(jobs.map(({ addedAt }) => addedAt)).toEqual(jobs.map(({ addedAt }) => addedAt).sort((a, b) => b - a));
    for (const state of ['completed', 'failed'] as const) {
      const kept = jobs.filter((job) => job.fleet === lb && job.state === state);
      expect(kept.length).toBeGreaterThanOrEqual(10);
      expect(kept.length).toBeLessThanOrEqual(11);
      expect((await told.jobs({ fleet: lb, states: [state] })).map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
    }
  });

  it('says of a failed job what it was about, whose it was, and since when the fleet fails', async () => {
    let isFailing = true;
    startWorker(() => (isFailing ? Promise.reject(new SyntaxError('line 3')) : Promise.resolve()));
    const began = Date.now();
    await add(lb, revision(1));
    const [first] = await ended(lb);
    expect(first).toMatchObject({ state: 'failed', reason: 'line 3', renderer: 'renderer-1', setback });
    expect(first?.setback?.since).toBeGreaterThanOrEqual(began);
    await add(lb, revision(2));
    expect((await ended(lb))[0]?.setback?.since).toBe(first?.setback?.since);
    isFailing = false;
    await add(lb, revision(3));
    expect((await ended(lb))[0]).toMatchObject({ state: 'completed', renderer: 'renderer-1', setback: undefined });
    isFailing = true;
    await add(lb, revision(4));
    expect((await ended(lb))[0]?.setback?.since).toBeGreaterThan(first?.setback?.since ?? Infinity);
    // As a page such as bull-board reads it.
    const queue = new Queue(renderQueue.name, { connection: connect(), prefix: renderQueue.prefix });
    closing.push(() => queue.close());
    const logOf = async (id = '') => (await queue.getJobLogs(id)).logs;
    expect(await logOf(first?.id)).toEqual([
      expect.stringMatching(/ attempt 1 by renderer-1 at revision 7, stage check: line 3$/),
    ]);
    const done = (await ended(lb)).find(({ state }) => state === 'completed');
    expect(await logOf(done?.id)).toEqual([expect.stringMatching(/ done by renderer-1: published: revision 1$/)]);
  });

  it('tells each end as it comes', async () => {
    const following = new AbortController();
    const ends = history().follow(following.signal);
    const first = ends.next();
    startWorker((fleet) => (fleet === lb ? Promise.resolve() : Promise.reject(new SyntaxError('no'))));
    // The stream of events is read from now on, so the signal repeats until it is heard.
    let heard = false;
    void first.then(() => (heard = true));
    await waitFor(async () => heard || (await signals.signal(lb, revision(1)), false), {
      what: 'an event',
      everyMs: 50,
    });
    expect((await first).value).toMatchObject({ fleet: 'lb', state: 'completed' });
    await signals.signal(edge, revision(1));
    let next = await ends.next();
    while (next.value?.fleet === lb) next = await ends.next();
    expect(next.value).toMatchObject({ fleet: 'edge', state: 'failed', reason: 'no' });
    const last = ends.next();
    following.abort();
    for (let end = await last; !end.done;) end = await ends.next();
  });
});
