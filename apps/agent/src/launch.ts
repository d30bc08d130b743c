import { createNodeReports } from '@flotilla/artifact';
import { createSealer } from '@flotilla/domain';
import { PendingRemovals } from '@flotilla/haproxy';
import { type Check, type Launch, connectRedis, sealingKey, withDeadline } from '@flotilla/runtime';
import { agentMetrics } from './agent-metrics.ts';
import type { AgentConfig } from './config.ts';
import type { Context } from './delivery/context.ts';
import { Delivery } from './delivery/delivery.ts';
import { ReloadBudget } from './delivery/reload-budget.ts';
import { resume } from './delivery/resume.ts';
import { newStanding } from './delivery/standing.ts';
import { followInto } from './follow.ts';
import { openHaproxy } from './haproxy/open-haproxy.ts';
import { followEvents } from './haproxy-events.ts';
import { nodeStatus, problemOf } from './node-status.ts';
import { Reporting } from './reporting.ts';
import { claimFolder } from './store/owner.ts';
import { storePaths } from './store/paths.ts';
import { openReleaseStore } from './store/release-store.ts';

const commandTimeoutMs = 10_000;
const blockingTimeoutMs = 1_000;
/** Past its grace time HAProxy is ended by force, which takes up to four seconds. */
const endMs = 5_000;
const lastWordsMs = 1_000;

/** Constructs an agent: its releases on disk, HAProxy in one of three modes, the feed, and what runs between them. */
export async function launch(launched: Launch<AgentConfig>): Promise<Readonly<Record<string, Check>>> {
  const { config, log, releases, signal, fail } = launched;
  const metrics = agentMetrics(launched.metrics);
  const fleet = config.FLOTILLA_FLEET;
  const paths = storePaths(config.FLOTILLA_DATA_DIR);
  releases.add(await claimFolder(paths.root), 'data folder', (giveUp) => giveUp());
  const store = await openReleaseStore(paths);

  const connect = (name: string, limits: { commandTimeoutMs?: number; blockingTimeoutMs?: number }) =>
    releases.add(connectRedis(config.REDIS_URL, { name, log, ...limits }), `Redis (${name})`, (open) => {
      open.disconnect();
    });
  const redis = connect('agent', { commandTimeoutMs });
  const blockingRedis = connect('agent-feed', { blockingTimeoutMs });

  const { haproxy, ...found } = await openHaproxy(config, paths, log);
  const graceMs = config.FLOTILLA_STOP_GRACE_MS;
  const end = () => (config.FLOTILLA_HAPROXY_ON_EXIT === 'stop' ? haproxy.stop(graceMs) : haproxy.leave());
  releases.add(haproxy, 'HAProxy', end, graceMs + endMs);

  const standing = newStanding();
  const reporting = new Reporting({
    reports: createNodeReports({ redis, fleet }),
    status: () => nodeStatus(config.FLOTILLA_NODE, standing),
    log,
  });
  const context: Context = {
    node: config.FLOTILLA_NODE,
    store,
    haproxy,
    standing,
    removals: new PendingRemovals({ deadlineMs: config.FLOTILLA_DRAIN_MS }),
    budget: new ReloadBudget(config.FLOTILLA_RELOAD_INTERVAL_MS),
    log,
    metrics,
    settings: {
      ...found,
      checkTimeoutMs: config.FLOTILLA_CHECK_TIMEOUT_MS,
      maxOldWorkers: config.FLOTILLA_MAX_OLD_WORKERS,
    },
    answer: (answer) => {
      reporting.answer(answer);
    },
    signal,
  };
  await resume(context);
  const delivery = new Delivery(context, {
    verifyMs: config.FLOTILLA_VERIFY_MS,
    onStep: () => {
      reporting.touch();
    },
  });
  followEvents(haproxy, delivery, { log, metrics, signal });

  const sealer = createSealer(sealingKey(config), fleet);
  const held = standing.disk && store.artifactOf(standing.disk);
  const follow = { redis, blockingRedis, fleet, sealer, signal, ...(held && { held }) };
  const reports = reporting.run(signal);
  const work = Promise.all([delivery.run(), followInto(delivery, follow, { log, metrics, standing })]).catch(fail);
  releases.add(reporting, 'reports', async () => {
    await reports;
    await withDeadline(reporting.flush(), lastWordsMs, 'the last report');
  });
  void releases.add(work, 'delivery', () => work);
  return { haproxy: () => problemOf(standing) };
}
