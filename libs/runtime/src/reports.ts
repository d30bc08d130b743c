import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type AppReport,
  type Instance,
  appsKey,
  parseAppReport,
  reasonOf,
  reportEveryMs,
  silentAfterMs,
} from '@flotilla/domain';
import type { Redis } from 'ioredis';
import { pause, withDeadline } from './deadline.ts';
import { type Check, problemsOf } from './health.ts';
import type { Logger } from './logger.ts';
import { redisScript } from './redis-script.ts';
import source from './report.lua';
import { scrub } from './scrub.ts';
import { programVersion } from './version.ts';

const script = redisScript(source);
const lastWordsMs = 1_000;
/** How soon after trouble begins or ends it is told. */
const lookEveryMs = 1_000;

export const newInstance = (): Instance => {
  const [host, { pid }] = [hostname(), process];
  return { id: `${host}/${pid}/${randomUUID()}`, host, pid, version: programVersion, since: new Date().toISOString() };
};

export interface WrittenReport {
  /** How far this process' clock is ahead of Redis', in ms; undefined when the answer took too long to tell. */
  readonly clockMs: number | undefined;
  /** What stood there under the same name. */
  readonly before: string;
}

/** Keeps a report under a name; with `countsMs`, others that are older go. */
export async function writeReport(
  redis: Redis,
  key: string,
  { name, report, countsMs = 0 }: { name: string; report: object; countsMs?: number },
): Promise<WrittenReport> {
  const sentAt = Date.now();
  const reply = (await script.run(redis, [key], [name, scrub(JSON.stringify(report)), countsMs])) as [Buffer, Buffer];
  const tookMs = Date.now() - sentAt;
  const isExact = tookMs >= 0 && tookMs < 1_000;
  return {
    clockMs: isExact ? Math.round(sentAt + tookMs / 2 - Number(reply[0])) : undefined,
    before: String(reply[1]),
  };
}

/** Redis' time, in ms since 1970. */
export async function redisTime(redis: Redis): Promise<number> {
  const [seconds, microseconds] = (await redis.time()).map(Number);
  return (seconds ?? 0) * 1_000 + Math.floor((microseconds ?? 0) / 1_000);
}

/** Reports a watcher or renderer every few seconds and when its trouble changes, until it is closed; then its report is taken away. */
export function reportApp(options: {
  redis: Redis;
  app: AppReport['app'];
  instance: Instance;
  fleets: readonly string[] | null;
  checks: Readonly<Record<string, Check>>;
  fleetTrouble?: () => AppReport['fleetTrouble'];
  log: Logger;
}): { close(): Promise<void> } {
  const { redis, app, instance, fleets, checks, fleetTrouble = () => ({}), log } = options;
  const ending = new AbortController();
  let clockMs: number | null = null;
  let told = '';
  let toldAt = -Infinity;
  const report = async (): Promise<void> => {
    const trouble = Object.entries(problemsOf(checks)).map(([check, problem]) => `${check}: ${problem}`);
    const now: AppReport = { app, instance, fleets, trouble, fleetTrouble: fleetTrouble(), clockMs };
    const words = JSON.stringify([now.trouble, now.fleetTrouble]);
    if (words === told && performance.now() - toldAt < reportEveryMs) return;
    const written = await writeReport(redis, appsKey, { name: instance.id, report: now, countsMs: silentAfterMs });
    clockMs = written.clockMs ?? clockMs;
    told = words;
    toldAt = performance.now();
  };
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await report().catch((error: unknown) => {
        log.debug({ reason: reasonOf(error) }, 'this process could not report; trying again');
      });
      await pause(lookEveryMs, ending.signal);
    }
  };
  void run();
  return {
    async close() {
      ending.abort();
      await withDeadline(redis.hdel(appsKey, instance.id), lastWordsMs, 'taking the report away').catch(
        () => undefined,
      );
    },
  };
}

/** The watchers and renderers that reported of late, by app and name. */
export async function readApps(redis: Redis, now: number): Promise<AppReport[]> {
  const stored = Object.values(await redis.hgetall(appsKey)).flatMap((text) => parseAppReport(text) ?? []);
  const fresh = stored.filter(({ seenAt }) => now - seenAt <= silentAfterMs).map(({ report }) => report);
  const nameOf = ({ app, instance }: AppReport): string => `${app} ${instance.id}`;
  return fresh.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}
