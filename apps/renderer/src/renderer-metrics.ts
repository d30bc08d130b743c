import type { FleetName, RenderResult } from '@flotilla/domain';
import type { Metrics } from '@flotilla/runtime';
import type { ComparisonOutcome } from './render-comparison.ts';
import type { RenderFailure } from './render-failure.ts';

/** What `/metrics` tells of renders. */
export interface RendererMetrics {
  /** A job of the fleet begins: its counters stand at 0 from then on. */
  begun(fleet: FleetName): void;
  stages(fleet: FleetName, stagesMs: Readonly<Record<string, number>>): void;
  done(result: RenderResult): void;
  failed(fleet: FleetName, failure: RenderFailure): void;
  /** The job was given back, as the renderer itself is in trouble. */
  gaveBack(fleet: FleetName): void;
  checkedLate(fleet: FleetName, outcome: 'good' | 'refused'): void;
  compared(fleet: FleetName, outcome: ComparisonOutcome): void;
}

export function createRendererMetrics(metrics: Metrics): RendererMetrics {
  const renders = metrics.counter('renders_total', 'Renders that came to an end, by what came of them', [
    'fleet',
    'outcome',
  ]);
  const failures = metrics.counter('render_failures_total', 'Renders that failed, by the stage they failed in', [
    'fleet',
    'stage',
    'code',
  ]);
  const lateChecks = metrics.counter('late_checks_total', 'Checks of versions that had gone out before', [
    'fleet',
    'outcome',
  ]);
  const comparisons = metrics.counter(
    'render_comparisons_total',
    'Comparisons of incremental renders with a full one, by what they found',
    ['fleet', 'outcome'],
  );
  const seconds = metrics.histogram('render_stage_seconds', 'How long each stage of a render took', ['fleet', 'stage']);
  const version = metrics.gauge('artifact_version', 'The newest version this renderer published or confirmed', [
    'fleet',
  ]);
  const problems = metrics.gauge('input_problems', 'Entries of the inputs that are set aside', ['fleet']);

  return {
    begun(fleet) {
      for (const outcome of ['published', 'unchanged', 'superseded', 'failed', 'given-back'])
        renders.inc({ fleet, outcome }, 0);
      for (const outcome of ['good', 'refused']) lateChecks.inc({ fleet, outcome }, 0);
      for (const outcome of ['same', 'different', 'failed']) comparisons.inc({ fleet, outcome }, 0);
    },
    stages(fleet, stagesMs) {
      for (const [stage, tookMs] of Object.entries(stagesMs)) seconds.observe({ fleet, stage }, tookMs / 1_000);
    },
    done({ fleet, kind, version: number, problems: words }) {
      renders.inc({ fleet, outcome: kind });
      if (number !== null) version.set({ fleet }, number);
      problems.set({ fleet }, words.length);
    },
    failed(fleet, { stage, code }) {
      renders.inc({ fleet, outcome: 'failed' });
      failures.inc({ fleet, stage, code });
    },
    gaveBack(fleet) {
      renders.inc({ fleet, outcome: 'given-back' });
    },
    checkedLate(fleet, outcome) {
      lateChecks.inc({ fleet, outcome });
    },
    compared(fleet, outcome) {
      comparisons.inc({ fleet, outcome });
    },
  };
}
