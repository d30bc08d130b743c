import { type FleetName, type RenderResult, reasonOf } from '@flotilla/domain';
import { haproxyVersion } from '@flotilla/haproxy';
import { createRenderWorker, createSignals } from '@flotilla/queue';
import { type Check, type Launch, type Logger, connectRedis, sealingKey, watchRedis } from '@flotilla/runtime';
import type { RendererConfig } from './config.ts';
import type { FleetRender } from './fleet-render.ts';
import { type FleetSurroundings, openFleet } from './open-fleet.ts';
import { RenderFailure } from './render-failure.ts';
import { type RendererMetrics, createRendererMetrics } from './renderer-metrics.ts';
import { openStagingArea } from './staged-bundle.ts';
import { WarmFleets } from './warm-fleets.ts';

/** Starts a renderer: one queue worker over as many warm fleets as the configuration allows. */
export async function launch(
  { config, log, metrics: registry, releases }: Launch<RendererConfig>,
  given: Partial<Pick<FleetSurroundings, 'threadEntry' | 'env'>> = {},
): Promise<Readonly<Record<string, Check>>> {
  const masterKey = sealingKey(config);
  const metrics = createRendererMetrics(registry);
  const staging = releases.add(openStagingArea(config.FLOTILLA_DATA_DIR), 'staging folder', (area) => {
    area.remove();
  });
  const redis = releases.add(connectRedis(config.REDIS_URL, { name: 'renderer', log }), 'Redis', (open) => {
    open.disconnect();
  });
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
    signal: (fleet, rendered) => {
      signals.signal(fleet, rendered).catch((error: unknown) => {
        log.warn({ fleet, reason: reasonOf(error) }, 'the render job could not be added; the watcher will');
      });
    },
    ...given,
  };
  const fleets = releases.add(
    new WarmFleets<FleetRender>(config.FLOTILLA_WARM_FLEETS, (fleet) => openFleet(fleet, surroundings)),
    'render threads',
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
  await tellHaproxy(config.FLOTILLA_HAPROXY, log);
  const worker = createRenderWorker({
    connection: redis,
    concurrency: config.FLOTILLA_RENDER_CONCURRENCY,
    render: (fleet, job) => renderJob(fleet, job, { fleets, log, metrics }),
    isFinal: (error) => error instanceof RenderFailure && error.isFinal,
    onFetch,
    onError: (error) => {
      log.warn({ reason: error.message }, 'the queue is in trouble; trying again');
    },
  });
  releases.add(worker, 'queue worker', (open) => open.close());
  return {
    redis: () => liveness.problem(),
    queue: () => worker.problem(),
  };
}

async function renderJob(
  fleet: FleetName,
  job: { id: string; attempt: number },
  { fleets, log, metrics }: { fleets: WarmFleets<FleetRender>; log: Logger; metrics: RendererMetrics },
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
    if (error instanceof RenderFailure) metrics.failed(fleet, error);
    const stage = error instanceof RenderFailure ? error.stage : undefined;
    log.error({ ...about, stage, reason: reasonOf(error) }, 'not rendered; the last good version stays');
    throw error;
  }
}

/** A renderer without HAProxy starts all the same: its jobs say what is missing. */
async function tellHaproxy(binary: string, log: Logger): Promise<void> {
  try {
    log.info({ binary, version: await haproxyVersion(binary) }, 'HAProxy for checks');
  } catch (error) {
    log.error({ reason: reasonOf(error) }, 'no configuration can be checked, so none will be published');
  }
}
