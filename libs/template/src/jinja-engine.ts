import {
  Dict,
  Environment,
  LoopMemory,
  ReadOnlyError,
  SecurityError,
  TemplateError,
  TemplateNotFound,
  UndefinedError,
  parseJson,
} from '@flotilla/jinja';
import { chanceOf } from './chance.ts';
import { type Engine, EngineFault, type Mapping, type Text } from './engine.ts';
import { deepFreeze } from './deep-freeze.ts';

/** Templates in Jinja2. Values are frozen, so that no render leaves a trace in the next one's inputs. */
export function createEngine({ strict, maxOutput }: { strict: boolean; maxOutput: number }): Engine {
  let templates: ReadonlyMap<string, string> = new Map();
  let chance = Math.random;
  const memories = new Map<string, LoopMemory>();
  const environment = new Environment({
    templates: (name) => templates.get(name),
    undefined: strict ? 'StrictUndefined' : 'Undefined',
    extensions: ['do', 'loopcontrols'],
    random: () => chance(),
    maxOutput,
  });

  return {
    parse(text) {
      const value = parseJson(text);
      if (!isMapping(value)) throw new TypeError('not a JSON object');
      return deepFreeze(value);
    },
    mapping: (entries) => Object.freeze(mappingOf([...entries])),
    extended(mapping, entries) {
      const own =
        mapping instanceof Dict ? (mapping.entries() as Iterable<[string, unknown]>) : Object.entries(mapping);
      return Object.freeze(mappingOf([...own, ...entries]));
    },
    load(next) {
      templates = next;
      for (const name of memories.keys()) if (!next.has(name)) memories.delete(name);
    },
    takeChanceFrom(seed) {
      chance = chanceOf(seed);
    },
    render(name, context) {
      const memory = memories.get(name) ?? new LoopMemory();
      memories.set(name, memory);
      return orFault(name, () => environment.renderAgain(name, context, memory));
    },
    renderOnCopy: (name, context) => orFault(name, () => [{ text: environment.render(name, context) }]),
  };
}

function orFault(name: string, render: () => Text): Text {
  try {
    return render();
  } catch (error) {
    throw faultOf(name, error);
  }
}

const isMapping = (value: unknown): value is Mapping =>
  value instanceof Dict || (typeof value === 'object' && value !== null && !Array.isArray(value));

const integerLike = /^(?:0|[1-9]\d*)$/;

/** A key that comes again keeps its first place and takes the last value, in both forms. */
function mappingOf(entries: readonly (readonly [string, unknown])[]): Mapping {
  // JavaScript would put integer-like keys first.
  if (entries.some(([key]) => integerLike.test(key))) return Dict.from(entries as [string, object][]);
  return Object.fromEntries(entries);
}

function faultOf(name: string, error: unknown): EngineFault {
  if (!(error instanceof TemplateError)) return new EngineFault('failed', wordsOf(error), name, null, error);
  const place = error.templateName ?? name;
  const kind = kindOf(error);
  return new EngineFault(kind, `${reasonOf(error)}${expressionOf(error)}`, place, error.line, error);
}

function kindOf(error: TemplateError): EngineFault['kind'] {
  if (error instanceof SecurityError && error.limit === 'maxOutput') return 'too-large';
  return error instanceof ReadOnlyError ? 'read-only' : 'failed';
}

function reasonOf(error: TemplateError): string {
  if (error instanceof TemplateNotFound) return `there is no template "${error.message}"`;
  const [nearest] = error instanceof UndefinedError ? error.nearest : [];
  return nearest === undefined ? error.message : `${error.message} (did you mean "${nearest}"?)`;
}

const expressionOf = ({ expression }: TemplateError): string =>
  expression === null ? '' : `, in ${expression.replace(/\s+/g, ' ').slice(0, maxExpression)}`;

const maxExpression = 200;

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
