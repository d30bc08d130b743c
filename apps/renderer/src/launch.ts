import { type FleetName, type RenderResult, reasonOf } from '@flotilla/domain';
import { createRenderWorker, createSignals } from '@flotilla/queue';
import {
  type Check,
  type Launch,
  type Logger,
  connectRedis,
  newInstance,
  reportApp,
  sealingKey,
  watchRedis,
} from '@flotilla/runtime';
import type { RendererConfig } from './config.ts';
import type { FleetRender } from './fleet-render.ts';
import { type FleetSurroundings, openFleet } from './open-fleet.ts';
import { HaproxyAtHand } from './haproxy-at-hand.ts';
import { KeyTrouble, openAll } from './key-trouble.ts';
import { RenderFailure } from './render-failure.ts';
import { oneAtATime } from './render-comparison.ts';
import { type RendererMetrics, createRendererMetrics } from './renderer-metrics.ts';
import { openStagingArea } from './staged-bundle.ts';
import { WarmFleets } from './warm-fleets.ts';

/** Starts a renderer: one queue worker over as many warm fleets as the configuration allows. */
export async function launch(
  { config, log, metrics: registry, releases }: Launch<RendererConfig>,
  given: Partial<Pick<FleetSurroundings, 'processEntry' | 'env'>> = {},
): Promise<Readonly<Record<string, Check>>> {
  const masterKey = sealingKey(config);
  const metrics = createRendererMetrics(registry);
  const staging = releases.add(openStagingArea(config.FLOTILLA_DATA_DIR), 'staging folder', (area) => {
    area.remove();
  });
  const socketTimeoutMs = config.FLOTILLA_REDIS_TIMEOUT_MS;
  const redis = releases.add(
    connectRedis(config.REDIS_URL, { name: 'renderer', log, socketTimeoutMs }),
    'Redis',
    (open) => {
      open.disconnect();
    },
  );
  const liveness = releases.add(watchRedis(redis), 'sign of life of Redis', (open) => {
    open.close();
  });
  const signals = releases.add(createSignals({ connection: redis }), 'queue', (open) => open.close());
  const surroundings: FleetSurroundings = {
    config,
    masterKey,
    env: process.env,
    redis,
    log,
    metrics,
    stagingOf: staging.folderOf,
    comparisonInTurn: oneAtATime(),
    signal: (fleet, rendered) => signals.signal(fleet, rendered),
    ...given,
  };
  const fleets = releases.add(
    new WarmFleets<FleetRender>(config.FLOTILLA_WARM_FLEETS, (fleet) => openFleet(fleet, surroundings)),
    'render processes',
    (open) => open.close(),
  );
  /** The fleet that changed last is likely to be the next: its inputs are read while BullMQ hands the job over. */
  const onFetch = () => {
    const state = fleets.idle();
    state?.readAhead();
    return (fleet: FleetName | undefined): void => {
      if (fleet === undefined || fleet !== state?.fleet) state?.forgetAhead();
    };
  };
  const key = releases.add(new KeyTrouble((fleet) => openAll(redis, masterKey, fleet)), 'looks at the key', (open) => {
    open.close();
  });
  const haproxy = releases.add(new HaproxyAtHand(config.FLOTILLA_HAPROXY, log), 'looks at HAProxy', (open) => {
    open.close();
  });
  await haproxy.look();
  const instance = newInstance();
  const worker = createRenderWorker({
    connection: redis,
    name: instance.id,
    history: { completed: config.FLOTILLA_HISTORY_COMPLETED, failed: config.FLOTILLA_HISTORY_FAILED },
    concurrency: config.FLOTILLA_RENDER_CONCURRENCY,
    render: (fleet, job) => renderJob(fleet, job, { fleets, log, metrics, key }),
    isFinal: (error) => error instanceof RenderFailure && error.isFinal,
    setbackOf: (error) => (error instanceof RenderFailure ? error.setback : undefined),
    onFetch,
    onError: (error) => {
      log.warn({ reason: error.message }, 'the queue is in trouble; trying again');
    },
  });
  releases.add(worker, 'queue worker', (open) => open.close());
  const checks = {
    redis: () => liveness.problem(),
    queue: () => worker.problem(),
    key: () => key.problem(),
    haproxy: () => haproxy.problem(),
  };
  const report = reportApp({ redis, app: 'renderer', instance, fleets: null, checks, log });
  releases.add(report, 'report', (open) => open.close());
  return checks;
}

async function renderJob(
  fleet: FleetName,
  job: { id: string; attempt: number },
  {
    fleets,
    log,
    metrics,
    key,
  }: { fleets: WarmFleets<FleetRender>; log: Logger; metrics: RendererMetrics; key: KeyTrouble },
): Promise<RenderResult> {
  const about = { fleet, job: job.id, attempt: job.attempt };
  metrics.begun(fleet);
  try {
    const result = await fleets.use(fleet, (state) => state.render());
    metrics.done(result);
    key.ended(fleet);
    const { kind, revision, version, digest, changeCount, problems, stagesMs } = result;
    log.info({ ...about, kind, revision, version, digest, changeCount, problems, stagesMs }, 'rendered');
    return result;
  } catch (error) {
    if (error instanceof RenderFailure) metrics.failed(fleet, error);
    key.ended(fleet, error);
    const stage = error instanceof RenderFailure ? error.stage : undefined;
    log.error({ ...about, stage, reason: reasonOf(error) }, 'not rendered; the last good version stays');
    throw error;
  }
}
