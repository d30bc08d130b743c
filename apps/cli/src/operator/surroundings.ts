import { type AppReport, probeKey, reasonOf } from '@flotilla/domain';
import { readLeader } from '@flotilla/inputs';
import { type QueueDepth, createSignals } from '@flotilla/queue';
import { isAnswer, readApps, redisTime } from '@flotilla/runtime';
import type { Redis } from 'ioredis';

/** What all fleets share: Redis, the queue, the watchers and the renderers. */
export interface Surroundings {
  /** Redis' time, by which everything is told. */
  readonly now: number;
  /** Why Redis takes no writes, in its own words: it is full, a replica, or cannot write to its disk; null when it does. */
  readonly writesRefused: string | null;
  /** Null when Redis does not say. */
  readonly queue: QueueDepth | null;
  readonly apps: readonly AppStanding[];
  /** The instance of the watcher that leads, or null when none does. */
  readonly leader: string | null;
}

export interface AppStanding extends AppReport {
  readonly role: 'leads' | 'stands by' | 'renders';
}

const probeMs = 10_000;

export async function readSurroundings(redis: Redis): Promise<Surroundings> {
  const now = await redisTime(redis);
  const [writesRefused, queue, apps, leader] = await Promise.all([
    tryToWrite(redis),
    readQueue(redis),
    readApps(redis, now),
    readLeader(redis),
  ]);
  const roleOf = ({ app, instance }: AppReport): AppStanding['role'] =>
    app === 'renderer' ? 'renders' : instance.id === leader ? 'leads' : 'stands by';
  return { now, writesRefused, queue, apps: apps.map((report) => ({ ...report, role: roleOf(report) })), leader };
}

async function tryToWrite(redis: Redis): Promise<string | null> {
  try {
    await probeWrites(redis);
    return null;
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return reasonOf(error);
  }
}

/** Whether Redis takes writes is known by a write alone. Throws when it does not. */
export async function probeWrites(redis: Redis): Promise<void> {
  try {
    await redis.set(probeKey, '1', 'PX', probeMs);
  } catch (error) {
    // The first word of an answer is its code: who asks may only read, so it is not known.
    if (!reasonOf(error).startsWith('NOPERM ')) throw error;
  }
}

async function readQueue(redis: Redis): Promise<QueueDepth | null> {
  const signals = createSignals({ connection: redis });
  try {
    return await signals.depth();
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return null;
  } finally {
    await signals.close();
  }
}

/** `<host>/<process>`, as people know it. */
export const placeOf = (id: string): string => id.split('/', 2).join('/');

export const nameOf = ({ app, instance }: AppReport): string => `${app} ${placeOf(instance.id)}`;

/** What keeps every fleet from being well; empty when nothing does. */
export function commonTrouble({ writesRefused, queue, apps, leader }: Surroundings): string[] {
  return [
    ...(writesRefused === null
      ? []
      : [
          `Redis takes no writes: ${writesRefused}; nobody can report meanwhile, so what is said of programs and nodes is old`,
        ]),
    ...(queue?.isPaused === true
      ? ['the queue of render jobs is paused: nothing is rendered until it is resumed']
      : []),
    ...(leader === null ? ['no watcher leads: changes are not followed'] : []),
    ...(writesRefused !== null || apps.some(({ app }) => app === 'renderer')
      ? []
      : ['no renderer is there: nothing is rendered']),
    ...apps.flatMap((app) => app.trouble.map((trouble) => `${nameOf(app)}: ${trouble}`)),
    ...apps.flatMap((app) => clockTrouble(nameOf(app), app.clockMs)),
  ];
}

/** Clocks that differ by less than this are not told. */
const tellClockMs = 2_000;

export function clockTrouble(who: string, clockMs: number | null): string[] {
  if (clockMs === null || Math.abs(clockMs) < tellClockMs) return [];
  const seconds = Math.round(Math.abs(clockMs) / 1_000);
  return [`the clock of ${who} is ${seconds} s ${clockMs > 0 ? 'ahead of' : 'behind'} Redis'`];
}
