import { createSealer } from '@flotilla/domain';
import { PendingRemovals } from '@flotilla/haproxy';
import {
  type Check,
  type Launch,
  connectRedis,
  newInstance,
  sealingKey,
  watchRedis,
  withDeadline,
  createNodeReports,
  createNodeWishes,
} from '@flotilla/runtime';
import { agentMetrics } from './agent-metrics.ts';
import type { AgentConfig } from './config.ts';
import { createContext } from './delivery/context.ts';
import { Delivery } from './delivery/delivery.ts';
import { ReloadBudget } from './delivery/reload-budget.ts';
import { newestKnown, resume } from './delivery/resume.ts';
import { diskOf } from './delivery/state.ts';
import { followInto } from './follow.ts';
import { openHaproxy } from './haproxy/open-haproxy.ts';
import { followEvents } from './haproxy-events.ts';
import { createNodeStatus, problemOf } from './node-status.ts';
import { obeyWishes } from './obeying.ts';
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
  const metrics = agentMetrics(launched.metrics, config.FLOTILLA_HAPROXY_MODE !== 'command');
  const fleet = config.FLOTILLA_FLEET;
  const paths = storePaths(config.FLOTILLA_DATA_DIR);
  const claim = await claimFolder(paths.root, { fleet, node: config.FLOTILLA_NODE }, (text) => {
    log.warn(text);
  });
  releases.add(claim, 'data folder', ({ giveUp }) => giveUp());
  let isOthers = false;
  void claim.lost.then((reason) => {
    if (signal.aborted) return;
    isOthers = true;
    fail(reason);
  });
  const store = await openReleaseStore(paths);

  const socketTimeoutMs = config.FLOTILLA_REDIS_TIMEOUT_MS;
  const connect = (name: string, limits: { commandTimeoutMs?: number; blockingTimeoutMs?: number }) =>
    releases.add(
      connectRedis(config.REDIS_URL, { name, log, socketTimeoutMs, ...limits }),
      `Redis (${name})`,
      (open) => {
        open.disconnect();
      },
    );
  const redis = connect('agent', { commandTimeoutMs });
  const liveness = releases.add(watchRedis(redis), 'sign of life of Redis', (open) => {
    open.close();
  });
  const blockingRedis = connect('agent-feed', { blockingTimeoutMs });

  const { haproxy, ...found } = await openHaproxy(config, paths, log);
  const graceMs = config.FLOTILLA_STOP_GRACE_MS;
  /** Whoever has the folder has its HAProxy too. */
  const stops = () => config.FLOTILLA_HAPROXY_ON_EXIT === 'stop' && !isOthers;
  const end = () => (stops() ? haproxy.stop(graceMs) : haproxy.leave());
  // A second request to end does not wait for the grace time: HAProxy ends with the agent, at once.
  const endNow = (): void => {
    if (stops()) haproxy.endNow();
  };
  process.on('exit', endNow);
  releases.add(endNow, 'end of the process', () => process.off('exit', endNow));
  releases.add(haproxy, 'HAProxy', end, graceMs + endMs);

  const instance = newInstance();
  const context = createContext({
    node: config.FLOTILLA_NODE,
    store,
    haproxy,
    removals: new PendingRemovals({ deadlineMs: config.FLOTILLA_DRAIN_MS }),
    budget: new ReloadBudget(config.FLOTILLA_RELOAD_INTERVAL_MS),
    log,
    metrics,
    settings: {
      ...found,
      checkTimeoutMs: config.FLOTILLA_CHECK_TIMEOUT_MS,
      maxOldWorkers: config.FLOTILLA_MAX_OLD_WORKERS,
      longestPutOffMs: config.FLOTILLA_RELOAD_PUT_OFF_MS,
    },
    answer: (answer) => {
      reporting.answer(answer);
    },
    signal,
  });
  const reporting = new Reporting({
    reports: createNodeReports({ redis, fleet }),
    status: createNodeStatus(config.FLOTILLA_NODE, () => context.state, instance),
    log,
  });
  await resume(context);
  const delivery = new Delivery(context, {
    verifyMs: config.FLOTILLA_VERIFY_MS,
    onStep: () => {
      reporting.touch();
    },
  });
  followEvents(haproxy, delivery, { log, metrics, signal });

  const sealer = createSealer(sealingKey(config), fleet);
  const disk = diskOf(context.state);
  const loaded = disk && store.artifactOf(disk);
  const newest = newestKnown(context.state);
  let isOlderWanted = false;
  const wantsOlder = (): boolean => {
    const wanted = isOlderWanted;
    isOlderWanted = false;
    return wanted;
  };
  const follow = {
    ...{ redis, blockingRedis, fleet, sealer, signal, wantsOlder },
    ...(loaded && { loaded }),
    ...(newest && { newest }),
  };
  const reports = reporting.run(signal);
  const obeying = obeyWishes({
    wishes: createNodeWishes({ redis, fleet, sealer }),
    agent: { node: config.FLOTILLA_NODE, instance: instance.id },
    obey: {
      retry: () => {
        delivery.tryAgain();
      },
      reload: () => {
        delivery.reloadNow('an operator asked for it');
      },
      older: () => {
        isOlderWanted = true;
      },
    },
    log,
    signal,
  });
  const following = followInto(delivery, follow, context);
  const work = Promise.all([delivery.run(), following, obeying]).catch(fail);
  releases.add(reporting, 'reports', async () => {
    await reports;
    await withDeadline(reporting.flush(), lastWordsMs, 'the last report');
  });
  void releases.add(work, 'delivery', () => work);
  return { haproxy: () => problemOf(context.state), redis: () => liveness.problem() };
}
