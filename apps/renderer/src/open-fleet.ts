import { type FleetName, type InputField, type Revision, createSealer, inputField, reasonOf } from '@flotilla/domain';
import { createCheckedVersions, createPublisher } from '@flotilla/artifact';
import { checkConfig } from '@flotilla/haproxy';
import { createFullRenders, createInputsReader, recordRefusal } from '@flotilla/inputs';
import type { Logger, connectRedis } from '@flotilla/runtime';
import { RenderProcess, type TemplateSettings, compareWithFull, templateEnv, usesStats } from '@flotilla/template';
import { type RendererConfig, defaultStatisticsPassword } from './config.ts';
import { BundleChecks } from './bundle-checks.ts';
import { FleetCertificates } from './fleet-certificates.ts';
import { FleetInputs } from './fleet-inputs.ts';
import { type FleetParts, FleetRender } from './fleet-render.ts';
import { mendRender } from './mend-render.ts';
import { RenderComparison, type RenderComparisonOptions } from './render-comparison.ts';
import type { RendererMetrics } from './renderer-metrics.ts';
import { createRedact } from './secret-words.ts';
import { StagedBundle, type StagingArea } from './staged-bundle.ts';

export interface FleetSurroundings {
  readonly config: RendererConfig;
  readonly masterKey: Buffer;
  readonly env: NodeJS.ProcessEnv;
  readonly redis: ReturnType<typeof connectRedis>;
  readonly log: Logger;
  readonly metrics: RendererMetrics;
  readonly staging: Pick<StagingArea, 'folderOf' | 'doubt'>;
  /** Adds a job for the fleet, which tells what its last one could not know. */
  readonly signal: (fleet: FleetName, rendered: Revision) => Promise<void>;
  /** Fleets' comparisons are made one after the other. */
  readonly comparisonInTurn: RenderComparisonOptions['inTurn'];
  /** The bundled render process, where it does not stand beside the program. */
  readonly processEntry?: URL;
}

/** Puts together what one fleet's renders need; nothing is read or started before the first of them. */
export function openFleet(fleet: FleetName, surroundings: FleetSurroundings): FleetRender {
  const { config, masterKey, redis, metrics, staging, processEntry } = surroundings;
  const log = surroundings.log.child({ fleet });
  const sealer = createSealer(masterKey, fleet);
  const settings: TemplateSettings = {
    statisticsPassword: config.STATISTICS_PASSWORD,
    env: templateEnv(config.FLOTILLA_TEMPLATE_ENV, surroundings.env),
    undefinedValues: config.FLOTILLA_TEMPLATE_UNDEFINED,
  };
  const publisher = createPublisher({ redis, fleet, sealer, keepVersions: config.FLOTILLA_KEEP_VERSIONS });
  const redact = createRedact(config.STATISTICS_PASSWORD, settings.env);
  const checks = new BundleChecks({
    fleet,
    staged: new StagedBundle(staging.folderOf(fleet), staging.doubt),
    versions: createCheckedVersions({ redis, fleet, sealer, publisher }),
    check: (file, { signal, givesWay }) =>
      checkConfig({
        binary: config.FLOTILLA_HAPROXY,
        files: [file],
        timeoutMs: config.FLOTILLA_CHECK_TIMEOUT_MS,
        givesWay,
        ...(signal && { signal }),
      }),
    redact,
    onWarnings: warningsOnce(log),
    onLate: (outcome) => {
      metrics.checkedLate(fleet, outcome);
    },
    onWithdrawn: (rendered) => {
      surroundings.signal(fleet, rendered).catch((error: unknown) => {
        log.warn({ reason: reasonOf(error) }, 'the render job could not be added; the watcher will');
      });
    },
    log,
  });
  const inputs = new FleetInputs(createInputsReader({ redis, fleet, sealer }));
  const processOptions = { settings, limits: limitsOf(config), ...(processEntry && { processEntry }) };
  const templates = new RenderProcess(processOptions);
  const fullRenders = createFullRenders({ redis, fleet });
  const signal = async (): Promise<void> => {
    if (inputs.position) await surroundings.signal(fleet, inputs.position.revision);
  };
  const comparison = new RenderComparison({
    everyMs: config.FLOTILLA_RENDER_COMPARE_MS,
    lastFiles: () => templates.incrementalFiles,
    last: () => templates.incrementalResult(),
    compare: (result, ending) => compareWithFull(result, processOptions, ending),
    inTurn: surroundings.comparisonInTurn,
    onOutcome: (outcome) => {
      metrics.compared(fleet, outcome);
    },
    mend: (result, difference) => mendRender(result, difference, { templates, fullRenders, redact, signal, log }),
    log,
  });
  return new FleetRender({
    fleet,
    inputs,
    templates,
    certificates: new FleetCertificates(fleet),
    checks,
    comparison,
    fullRenders,
    publisher,
    redact,
    onRead: passwordWarning(config.STATISTICS_PASSWORD, log),
    onRefused: (position) => {
      recordRefusal(redis, fleet, position).catch((error: unknown) => {
        log.debug({ reason: reasonOf(error) }, 'that the inputs were refused could not be noted');
      });
    },
    onStages: (stagesMs) => {
      metrics.stages(fleet, stagesMs);
    },
  });
}

const limitsOf = (config: RendererConfig) => ({
  timeoutMs: config.FLOTILLA_RENDER_TIMEOUT_MS,
  heapMb: config.FLOTILLA_RENDER_HEAP_MB,
  outputBytes: config.FLOTILLA_RENDER_OUTPUT_MB * 1024 * 1024,
});

const configPrefix = inputField('config', '');

/** Warns of the well-known password, once, when a template shows the statistics with it. */
function passwordWarning(password: string, log: Logger): FleetParts['onRead'] {
  let warned = password !== defaultStatisticsPassword;
  return ({ fields }, changes) => {
    if (warned) return;
    const changed = [...changes.keys()].some((field: InputField) => field.startsWith(configPrefix));
    if (!changed) return;
    warned = [...fields].some(([field, text]) => field.startsWith(configPrefix) && usesStats(text));
    if (warned) {
      log.warn(
        'THE STATISTICS PAGE HAS THE DEFAULT PASSWORD, which everybody knows: set STATISTICS_PASSWORD for the renderer',
      );
    }
  };
}

/** Logs HAProxy's warnings of a checked configuration when they are others than the time before. */
function warningsOnce(log: Logger): (warnings: readonly string[]) => void {
  let before = '';
  return (warnings) => {
    const words = warnings.join('\n');
    if (words === before) return;
    before = words;
    log.warn({ warnings: warnings.slice(0, 20) }, 'HAProxy warns of the configuration, and takes it');
  };
}
