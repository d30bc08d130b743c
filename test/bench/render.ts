import { Environment, LoopMemory, type Piece } from '@flotilla/jinja';
import nunjucks from 'nunjucks';
import { type RenderInputs, renderTemplates } from './render-inputs.ts';
import { type PythonRender, startPython } from './render-python.ts';
import { summarize } from './statistics.ts';

type Row = Record<string, string | number>;

/** An even number of both together. */
const warmUp = 20;
const rounds = 40;

interface Renderer {
  readonly name: string;
  /** Renders once; milliseconds. */
  readonly render: () => number | Promise<number>;
  readonly text: () => string | Promise<string>;
}

/**
 * Renders everything with each engine, one after the other in every round, so that all of them meet the same machine.
 * Templates are compiled and values handed over before; neither is counted for anyone.
 */
export async function measureRender({ context, withChange }: RenderInputs): Promise<Row[]> {
  const rows: Row[] = [];
  const [ours, changed] = [frozen(context), frozen(withChange)];
  for (const [template, source] of Object.entries(renderTemplates())) {
    const python = startPython(source, context);
    const renderers = [
      jinja2(python),
      ...stockNunjucks(source, context),
      flotilla(source, ours),
      flotillaAgain(source, ours, changed),
    ];
    const samples = await inTurns(renderers);
    const expected = await python.text();
    const baseline = summarize(samples.get('Jinja2') ?? []).p50;
    for (const { name, text } of renderers) {
      const { p50 } = summarize(samples.get(name) ?? []);
      const same = (await text()) === expected ? 'yes' : 'no';
      rows.push({ template, engine: name, 'p50 ms': p50, "of Jinja2's": p50 / baseline, 'same bytes': same });
    }
    await python.stop();
  }
  return rows;
}

async function inTurns(renderers: readonly Renderer[]): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>(renderers.map(({ name }) => [name, []]));
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const { name, render } of renderers) {
      const ms = await render();
      if (round >= warmUp) samples.get(name)?.push(ms);
    }
  }
  return samples;
}

const jinja2 = ({ render, text }: PythonRender): Renderer => ({ name: 'Jinja2', render, text });

/** With its Jinja compatibility. It cannot render every template. */
function stockNunjucks(source: string, context: object): Renderer[] {
  nunjucks.installJinjaCompat();
  // Jinja2 drops a template's last newline.
  const template = nunjucks.compile(source.replace(/\n$/, ''), new nunjucks.Environment(null, { autoescape: false }));
  try {
    template.render(context);
  } catch {
    return [];
  }
  return [timed('nunjucks', () => template.render(context))];
}

/** Nothing is known from an earlier render; remembering for the next one is counted. */
function flotilla(source: string, context: object): Renderer {
  const environment = new Environment({ templates: { source } });
  return timed('Flotilla', () => textOf(environment.renderAgain('source', context, new LoopMemory())));
}

/** One service is another one in every render; the last of them has the others' values again. */
function flotillaAgain(source: string, context: object, changed: object): Renderer {
  const environment = new Environment({ templates: { source } });
  const memory = new LoopMemory();
  let isChanged = false;
  return timed('Flotilla, one service changed', () => {
    isChanged = !isChanged;
    return textOf(environment.renderAgain('source', isChanged ? changed : context, memory));
  });
}

const textOf = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('');

/** Looking at the text makes it whole, as Python's is: JavaScript puts that off. */
function timed(name: string, render: () => string): Renderer {
  let text = '';
  let seen = 0;
  return {
    name,
    render: () => {
      const began = performance.now();
      text = render();
      seen += text.charCodeAt(0);
      return performance.now() - began;
    },
    text: () => (seen > 0 ? text : ''),
  };
}

/** As the fleet's render hands values over: read-only throughout. */
function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
