import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJson } from '@flotilla/jinja';
import { fuzzCase, isIncomparable, isLeftOut, isTooLarge, type FuzzCase } from './fuzz.ts';
import { Oracle } from './oracle.ts';
import { hasJinja2 } from './python.ts';
import { render, type Outcome } from './render.ts';

/**
 * The differential fuzzer. Ten thousand templates in a row:
 *
 *     FUZZ_RUNS=10000 npx nx run @flotilla/test:integration --skip-nx-cache -- conformance/fuzz
 *
 * A failure names its seed; FUZZ_SEED=… repeats it.
 */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 500);
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const comparable = (outcome: Outcome): string =>
  'output' in outcome ? `output ${outcome.output}` : `error ${outcome.error.type}`;

describe.skipIf(!hasJinja2())('random templates', () => {
  let oracle: Oracle;
  beforeAll(async () => {
    oracle = new Oracle();
    await oracle.ready;
  });
  afterAll(() => oracle.close());

  async function disagreement({ contextJson, ...rest }: FuzzCase): Promise<string | null> {
    const request = JSON.stringify(rest);
    const theirs = await oracle.ask(`${request.slice(0, -1)},"context":${contextJson}}`);
    if (isIncomparable(theirs)) return null;
    const ours = render(rest, parseJson(contextJson) as object);
    if (isLeftOut(ours) || isTooLarge(theirs, ours) || comparable(ours) === comparable(theirs)) return null;
    return `${JSON.stringify(rest.options)} ${contextJson}\n${rest.source ?? ''}\nJinja2: ${JSON.stringify(theirs)}\nhere:   ${JSON.stringify(ours)}`;
  }

  it(`${numRuns} of them give what Jinja2 gives (FUZZ_SEED=${seed})`, { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fuzzCase, async (each) => {
        const difference = await disagreement(each);
        expect(difference).toBe(null);
      }),
      { numRuns, seed },
    );
  });
});
