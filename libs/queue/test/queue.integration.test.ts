import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FleetName, type RenderResult, type Revision, fleetName, renderQueue, revision } from '@flotilla/domain';
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
  signals = createSignals({ connection: connect(), limits: { completed: 10, failed: 10 } });
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

/** A renderer that renders what `newest` says, as fast as `render` lets it. */
function startWorker(
  render: (fleet: FleetName, attempt: number) => Promise<void>,
  connection = connect(),
  onFetch?: RenderWorkerOptions['onFetch'],
) {
  const worker = createRenderWorker({
    connection,
    concurrency: 4,
    render: async (fleet, { attempt }) => {
      await render(fleet, attempt);
      return result(fleet);
    },
    isFinal: (error) => error instanceof SyntaxError,
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

  it('whose worker died is taken up by another one', { timeout: 40_000 }, async () => {
    const dying = connect();
    let isActive = false;
    startWorker(() => {
      isActive = true;
      return new Promise(() => undefined);
    }, dying);
    // A worker that is gone cannot be closed properly.
    closing.pop();
    await signals.signal(lb, revision(1));
    await waitFor(() => isActive, { what: 'the first worker' });
    dying.disconnect();
    let renders = 0;
    startWorker(() => Promise.resolve(void renders++));
    await waitFor(() => renders > 0, { what: 'the second worker', deadlineMs: 30_000 });
  });

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
    const sender = createSignals({ connection, limits: { completed: 10, failed: 10 } });
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
  it('is bounded, newest first, and can be asked for one fleet', async () => {
    startWorker(() => Promise.resolve());
    const add = async (fleet: FleetName, at: Revision) => {
      const before = (await history().jobs({ count: 1 }))[0]?.id;
      await signals.signal(fleet, at);
      await waitFor(
        async () => {
          const [newest] = await history().jobs({ count: 1 });
          return newest?.state === 'completed' && newest.id !== before;
        },
        { what: 'the render' },
      );
    };
    for (let at = 1; at <= 12; at++) await add(at === 6 ? edge : lb, revision(at));
    const jobs = await history().jobs();
    expect(jobs).toHaveLength(10);
    expect(jobs.map(({ addedAt }) => addedAt)).toEqual(jobs.map(({ addedAt }) => addedAt).sort((a, b) => b - a));
    expect(jobs[0]).toMatchObject({ state: 'completed', result: { kind: 'published' } });
    expect((await history().jobs({ fleet: edge })).map(({ fleet }) => fleet)).toEqual(['edge']);
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
