import { missingField } from '../fleet-hold.ts';
import { type Problem } from '../problem.ts';
import { type InputField, inputField } from '../inputs.ts';
import type { ServiceEntry } from '../service-entry.ts';
import type { FieldRecord } from './field-record.ts';
import type { FleetObjects } from './fleet-objects.ts';
import type { MissingClock } from './missing-clock.ts';
import type { CertificatePair } from '../certificate.ts';
import type { Verdict } from './verdict.ts';

/** What a fleet's objects say now. */
export interface FleetVerdicts {
  services: Verdict<ServiceEntry>;
  config: Verdict<string>;
  certificates: Verdict<CertificatePair>;
}

interface InForce {
  readonly objects: FleetObjects;
  readonly record: FieldRecord;
  readonly missing: MissingClock;
  /** Paths of objects of which there are values. */
  readonly had: readonly string[];
}

/** A fleet's problems, each with what serves in place of what is set aside, and until when where that ends. */
export function problemsOf(state: InForce, verdicts: FleetVerdicts): Problem[] {
  const { objects, missing, record } = state;
  const problems = [
    ...verdicts.services.problems.map((problem) => withService(problem, state)),
    ...verdicts.config.problems.map((problem) => withEntry(problem, inputField('config', problem.key ?? ''), state)),
    ...verdicts.certificates.problems.map((problem) =>
      withEntry(problem, inputField('certificate', problem.key ?? ''), state),
    ),
  ];
  // A pair of which neither part is left is no entry of any object any more.
  const told = new Set(verdicts.certificates.problems.map(({ key }) => key));
  for (const [field, since] of missing.entries()) {
    const [part, name] = field.split('/').slice(1).map(decodeURIComponent);
    if (part !== 'certificate' || name === undefined || told.has(name)) continue;
    // During a hold a pair may be back that is not in force yet.
    if (verdicts.certificates.good.has(name)) continue;
    if (record.get(inputField('certificate', name)) === undefined) continue;
    problems.push({
      object: objects.certificates,
      key: name,
      code: 'missing',
      reason: `it was deleted, and its key in ${objects.keys}`,
      serves: 'last-good',
      until: missing.until(since),
    });
  }
  return problems;
}

function withService(problem: Problem, state: InForce): Problem {
  const { missing } = state;
  const since = problem.key === undefined ? missing.get(missingField('service')) : undefined;
  const told = withEntry(problem, inputField('service', problem.key ?? ''), state);
  return since ? { ...told, until: missing.until(since) } : told;
}

function withEntry(problem: Problem, field: InputField, { record, had, missing }: InForce): Problem {
  const { key } = problem;
  const isServed = key === undefined ? had.includes(problem.object) : record.get(field) !== undefined;
  const since = key === undefined ? undefined : missing.get(missingField('certificate', key));
  return {
    ...problem,
    serves: isServed ? 'last-good' : 'nothing',
    ...(isServed && since && field.startsWith('certificate/') && { until: missing.until(since) }),
  };
}
