import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type InputField, inputField } from '@flotilla/domain';
import {
  RenderProcess,
  type RenderProcessOptions,
  TemplateError,
  compareWithFull,
  defaultLimits,
} from '@flotilla/template';
import { bundleProcess } from '../../libs/template/test/process-entry.ts';
import { context } from './fuzz-context.ts';
import { edited, parts, template } from './fuzz-loops.ts';
import { companions } from './fuzz-statements.ts';
import { word } from './fuzz-text.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 12);
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

let bundled: Awaited<ReturnType<typeof bundleProcess>>;
beforeAll(async () => {
  bundled = await bundleProcess();
});
afterAll(() => {
  bundled.remove();
});

/** A service that holds the variables of the templates; those it is looped over are the services. */
const holder = inputField('service', '0');
const withVariables = (source: string, variables: string): string =>
  Object.keys(JSON.parse(variables) as object)
    .filter((name) => name !== 'users')
    .map((name) => `{% set ${name} = services[0].${name} %}`)
    .join('') + `{% set users = services %}${source}`;

const numbered = fc.nat(40).map(String);
const otherParts = { ...companions, ...parts };

type Change = readonly [InputField, string | null];
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(
    numbered.map((name) => inputField('service', `s${name}`)),
    fc.option(
      numbered.map((port) => `{"port": ${port}}`),
      { freq: 3 },
    ),
  ),
  fc.tuple(
    fc.tuple(numbered, fc.nat(2)).map(([name, at]) => inputField('pod', `s${name}`, `p${at}`)),
    fc.option(
      numbered.map((last) => `{"ip": "10.0.0.${last}"}`),
      { freq: 3 },
    ),
  ),
  context.map((variables): Change => [holder, variables]),
  fc
    .tuple(fc.constantFrom(...edited), fc.option(word('one two'), { freq: 4 }))
    .map(([name, edit]): Change => [
      inputField('config', name),
      edit === null ? null : `${otherParts[name] ?? ''}<${edit}{{ s }}{{ item }}>`,
    ]),
);

const sequence = fc.record({
  source: template,
  variables: context,
  services: fc.uniqueArray(numbered, { minLength: 2, maxLength: 40 }),
  steps: fc.array(fc.array(change, { maxLength: 3 }), { minLength: 3, maxLength: 8 }),
});

let compared = 0;

it(`no comparison of ${numRuns} random templates with a full render gives a false alarm (FUZZ_SEED=${seed})`, async () => {
  const options: RenderProcessOptions = {
    settings: { statisticsPassword: 'pw', env: {}, undefinedValues: 'lenient' },
    limits: defaultLimits,
    processEntry: bundled.entry,
  };
  await fc.assert(
    fc.asyncProperty(sequence, async ({ source, variables, services, steps }) => {
      const templates = new RenderProcess(options);
      try {
        templates.update(
          new Map([
            [inputField('config', 'template'), withVariables(source, variables)],
            ...Object.entries(otherParts).map(([name, text]): Change => [inputField('config', name), text]),
            [holder, variables],
            ...services.map((name): Change => [inputField('service', `s${name}`), `{"port": ${name}}`]),
          ]),
        );
        await given(templates);
        for (const changes of steps) {
          templates.update(new Map(changes));
          await given(templates);
          // What comes while it is compared is in neither of both.
          const result = templates.incrementalResult();
          const comparing = result && compareWithFull(result, options);
          templates.update(new Map(changes.map(([field]) => [field, null])));
          if (comparing) compared++;
          expect(await comparing).toBeUndefined();
        }
      } finally {
        await templates.close();
      }
    }),
    { numRuns, seed },
  );
  expect(compared).toBeGreaterThan(0);
  if (process.env['FUZZ_RUNS']) console.log(`${compared} comparisons`);
}, 3_600_000);

/** Renders; a template may well fail. */
async function given(templates: RenderProcess): Promise<void> {
  await templates.render().catch((error: unknown) => {
    if (!(error instanceof TemplateError)) throw error;
  });
}
