import nunjucks from 'nunjucks';
import { isJsonObject } from '@flotilla/domain';
import { type Engine, EngineFault } from './engine.ts';
import { isIncluded } from './rendered-files.ts';

nunjucks.installJinjaCompat();

/** Templates in nunjucks with its Jinja compatibility. */
export function createEngine({ strict }: { strict: boolean }): Engine {
  let templates: ReadonlyMap<string, string> = new Map();
  let environment: nunjucks.Environment | undefined;

  const loader: nunjucks.ILoader = {
    getSource(name) {
      const src = templates.get(name);
      if (src === undefined) throw new Error(`template not found: ${name}`);
      return { src: src.replace(/\r?\n$/, ''), path: name, noCache: false };
    },
  };

  /** Compiles what may be included: nunjucks throws its error where nobody can catch it otherwise. */
  const prepared = (made: nunjucks.Environment): nunjucks.Environment => {
    for (const key of templates.keys()) if (isIncluded(key, templates)) made.getTemplate(key, true);
    return made;
  };

  return {
    parse(text) {
      const value: unknown = JSON.parse(text);
      if (!isJsonObject(value)) throw new TypeError('not a JSON object');
      return value;
    },
    mapping: (entries) => Object.fromEntries(entries),
    extended: (mapping, entries) => ({ ...mapping, ...Object.fromEntries(entries) }),
    load(next) {
      templates = next;
      environment = undefined;
    },
    render(name, context) {
      try {
        environment ??= prepared(new nunjucks.Environment(loader, { autoescape: false, throwOnUndefined: strict }));
        // The types say string; a compile error in an included template gives null.
        const text = environment.render(name, context) as string | null;
        if (text === null) throw new Error('an included template cannot be compiled');
        return text;
      } catch (error) {
        throw faultOf(name, error);
      }
    },
  };
}

function faultOf(name: string, error: unknown): EngineFault {
  const text = error instanceof Error ? error.message : String(error);
  const [, template, line] = /^\((.+?)\)(?: \[Line (\d+))?/.exec(text) ?? [];
  const reason = text.replace(/^(?:\s*\([^)\n]*\)[^\n]*\n)+/, '').trim();
  return new EngineFault(reason, template ?? name, line === undefined ? null : Number(line), error);
}
