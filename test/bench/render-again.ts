import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type InputField, inputField } from '@flotilla/domain';
import {
  RenderProcess,
  type RenderProcessOptions,
  compareWithFull,
  defaultLimits,
  mainTemplate,
} from '@flotilla/template';
import { repositoryRoot } from '@flotilla/testkit';
import { type RenderInputs, renderTemplates } from './render-inputs.ts';
import { summarize } from './statistics.ts';

type Row = Record<string, string | number>;

const warmUp = 40;
const rounds = 40;

/**
 * The fleet's render in its process, from the change that is handed over to the bytes of the configuration: everything
 * (the template is another one, so it is compiled too) against one pod of one service. And how long it takes to hold the
 * latter against a render from nothing, which jobs do not wait for.
 */
export async function measureRenderAgain(size: string, { fields, changedPod }: RenderInputs): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [template, source] of Object.entries(renderTemplates())) {
    const templates = new RenderProcess(options);
    templates.update(fields);
    const began = performance.now();
    const templateField = inputField('config', mainTemplate);
    templates.update(new Map([[templateField, source]]));
    await templates.render();
    const first = performance.now() - began;
    const all: number[] = [];
    const one: number[] = [];
    for (let round = 0; round < warmUp + rounds; round++) {
      const everything = await timed(templates, [templateField, `${source}\n# ${round}`]);
      await timed(templates, changedPod(2 * round));
      const onePod = await timed(templates, changedPod(2 * round + 1));
      if (round < warmUp) continue;
      all.push(everything);
      one.push(onePod);
    }
    const compared = performance.now();
    const result = templates.incrementalResult();
    if (!result || (await compareWithFull(result, options)))
      throw new Error(`${template}: not what a full render gives`);
    const compare = performance.now() - compared;
    await templates.close();
    const [full, again] = [summarize(all).p50, summarize(one).p50];
    const figures = {
      'first ms': first,
      'all p50 ms': full,
      'one pod p50 ms': again,
      'all / one': full / again,
      'compare ms': compare,
    };
    rows.push({ size, template, ...figures });
  }
  return rows;
}

async function timed(templates: RenderProcess, change: readonly [InputField, string]): Promise<number> {
  const began = performance.now();
  templates.update(new Map([change]));
  await templates.render();
  return performance.now() - began;
}

const options: RenderProcessOptions = {
  settings: { statisticsPassword: 'bench', env: {}, undefinedValues: 'lenient' },
  limits: defaultLimits,
  // The one that the built renderer runs.
  processEntry: pathToFileURL(join(repositoryRoot(), 'apps/renderer/dist/render.process.js')),
};
