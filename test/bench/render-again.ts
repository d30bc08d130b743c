import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type InputField, inputField } from '@flotilla/domain';
import { RenderThread, defaultLimits, mainTemplate } from '@flotilla/template';
import { repositoryRoot } from '@flotilla/testkit';
import { type RenderInputs, renderTemplates } from './render-inputs.ts';
import { summarize } from './statistics.ts';

type Row = Record<string, string | number>;

const warmUp = 40;
const rounds = 40;

/**
 * The fleet's render in its thread, from the change that is handed over to the bytes of the configuration: everything
 * (the template is another one, so it is compiled too) against one pod of one service.
 */
export async function measureRenderAgain(size: string, { fields, changedPod }: RenderInputs): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [template, source] of Object.entries(renderTemplates())) {
    const thread = startThread();
    thread.update(fields);
    const began = performance.now();
    const templateField = inputField('config', mainTemplate);
    thread.update(new Map([[templateField, source]]));
    await thread.render();
    const first = performance.now() - began;
    const all: number[] = [];
    const one: number[] = [];
    for (let round = 0; round < warmUp + rounds; round++) {
      const everything = await timed(thread, [templateField, `${source}\n# ${round}`]);
      await timed(thread, changedPod(2 * round));
      const onePod = await timed(thread, changedPod(2 * round + 1));
      if (round < warmUp) continue;
      all.push(everything);
      one.push(onePod);
    }
    await thread.close();
    const [full, again] = [summarize(all).p50, summarize(one).p50];
    const figures = { 'first ms': first, 'all p50 ms': full, 'one pod p50 ms': again, 'all / one': full / again };
    rows.push({ size, template, ...figures });
  }
  return rows;
}

async function timed(thread: RenderThread, change: readonly [InputField, string]): Promise<number> {
  const began = performance.now();
  thread.update(new Map([change]));
  await thread.render();
  return performance.now() - began;
}

const startThread = (): RenderThread =>
  new RenderThread({
    settings: { statisticsPassword: 'bench', env: {}, undefinedValues: 'lenient' },
    limits: defaultLimits,
    // The one that the built renderer runs.
    threadEntry: pathToFileURL(join(repositoryRoot(), 'apps/renderer/dist/render.thread.js')),
  });
