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
import { haproxyAtHand } from './haproxy-at-hand.ts';
import { OwnKey } from './own-key.ts';
import { OwnTrouble, OwnTroubleError } from './own-trouble.ts';
import { RenderFailure, isFinal } from './render-failure.ts';
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
    staging,
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
  const key = new OwnKey(redis, masterKey);
  const looks = { key: () => key.look(), haproxy: haproxyAtHand(config.FLOTILLA_HAPROXY, log), staging: staging.look };
  const trouble = new OwnTrouble(looks, log);
  await trouble.look();
  const instance = newInstance();
  const worker = createRenderWorker({
    connection: redis,
    name: instance.id,
    history: { completed: config.FLOTILLA_HISTORY_COMPLETED, failed: config.FLOTILLA_HISTORY_FAILED },
    concurrency: config.FLOTILLA_RENDER_CONCURRENCY,
    render: (fleet, job) => renderJob(fleet, job, { fleets, log, metrics, key, trouble }),
    isFinal: (error) => error instanceof RenderFailure && error.isFinal,
    givesBack: (error) => error instanceof OwnTroubleError,
    setbackOf: (error) => (error instanceof RenderFailure ? error.setback : undefined),
    onFetch,
    onError: (error) => {
      log.warn({ reason: error.message }, 'the queue is in trouble; trying again');
    },
  });
  releases.add(worker, 'queue worker', (open) => open.close());
  trouble.watch((isThere) => {
    if (isThere) worker.pause();
    else worker.resume();
  });
  releases.add(trouble, 'looks for trouble', (open) => {
    open.close();
  });
  const checks = { redis: () => liveness.problem(), queue: () => worker.problem(), ...trouble.checks };
  const report = reportApp({ redis, app: 'renderer', instance, fleets: null, checks, log });
  releases.add(report, 'report', (open) => open.close());
  return checks;
}

interface JobSurroundings {
  readonly fleets: WarmFleets<FleetRender>;
  readonly log: Logger;
  readonly metrics: RendererMetrics;
  readonly key: OwnKey;
  readonly trouble: OwnTrouble;
}

async function renderJob(
  fleet: FleetName,
  job: { id: string; attempt: number },
  { fleets, log, metrics, key, trouble }: JobSurroundings,
): Promise<RenderResult> {
  const about = { fleet, job: job.id, attempt: job.attempt };
  metrics.begun(fleet);
  try {
    const result = await fleets.use(fleet, (state) => state.render());
    metrics.done(result);
    const { kind, revision, version, digest, changeCount, problems, stagesMs } = result;
    log.info({ ...about, kind, revision, version, digest, changeCount, problems, stagesMs }, 'rendered');
    return result;
  } catch (error) {
    if (error instanceof RenderFailure && error.code === 'seal') key.doubt(fleet, error.reason);
    const own = isFinal(error) ? undefined : await trouble.look();
    if (own !== undefined) {
      metrics.gaveBack(fleet);
      log.warn({ ...about, reason: reasonOf(error) }, 'the job is given back, as this renderer is in trouble');
      throw new OwnTroubleError(own);
    }
    if (error instanceof RenderFailure) metrics.failed(fleet, error);
    const stage = error instanceof RenderFailure ? error.stage : undefined;
    log.error({ ...about, stage, reason: reasonOf(error) }, 'not rendered; the last good version stays');
    throw error;
  }
}
