import { layout, templatePaths } from '@flotilla/domain';
import { thawed } from './deep-freeze.ts';
import { type Engine, EngineFault, type Text } from './engine.ts';
import type { TemplateContext } from './template-inputs.ts';

/** The key of the configmap `config` that is the whole haproxy.cfg. */
export const mainTemplate = 'template';

const fileEndings = ['.map', '.lst', '.http', '.lua', '.cfg.inc'] as const;

/** Keys that are rendered to files of their own, beside being there to be included. */
export const isFileTemplate = (key: string): boolean =>
  key !== mainTemplate && fileEndings.some((ending) => key.endsWith(ending));

export interface RenderedText {
  /** In the release folder. */
  readonly path: string;
  readonly text: Text;
}

/**
 * Renders the configuration and every file beside it. Throws `EngineFault`.
 *
 * A file template that others include and no rendered text points to may be a mere part, which means nothing on its
 * own (it reads a loop's variable, say): when it cannot be rendered alone it is left out.
 */
export function renderAll(
  engine: Engine,
  templates: ReadonlyMap<string, string>,
  context: TemplateContext,
): RenderedText[] {
  const config = withLastNewline(renderOne(engine, mainTemplate, context));
  const rendered: RenderedText[] = [{ path: layout.config, text: config }];
  const failed: { key: string; fault: EngineFault }[] = [];
  for (const key of [...templates.keys()].filter(isFileTemplate).sort()) {
    try {
      const text = keepLastNewline(templates.get(key) ?? '', renderOne(engine, key, context));
      rendered.push({ path: `${layout.files}/${key}`, text });
    } catch (error) {
      if (!(error instanceof EngineFault)) throw error;
      failed.push({ key, fault: error });
    }
  }
  for (const { key, fault } of failed) {
    const isUsed = rendered.some(({ text }) => whole(text).includes(`${templatePaths.filesdir}/${key}`));
    if (isUsed || !isIncluded(key, templates)) throw fault;
  }
  return rendered;
}

export const whole = (text: Text): string => text.map((piece) => piece.text).join('');

/** Jinja2's templates may change what they are given; one that does gets a copy of everything, and pays for it. */
function renderOne(engine: Engine, key: string, context: TemplateContext): Text {
  try {
    return engine.render(key, context);
  } catch (error) {
    if (!(error instanceof EngineFault) || error.kind !== 'read-only') throw error;
    return engine.renderOnCopy(key, thawed(context) as TemplateContext);
  }
}

/** HAProxy refuses a configuration whose last line has no end. */
function withLastNewline(text: Text): Text {
  const last = text.findLast((piece) => piece.text !== '');
  return last?.text.endsWith('\n') === true ? text : [...text, { text: '\n' }];
}

/** Jinja2 drops a template's last newline; a file gets it back, because the end of an HTTP message's head is one. */
const keepLastNewline = (source: string, text: Text): Text =>
  source.endsWith('\n') ? [...text, { text: '\n' }] : withLastNewline(text);

const isIncluded = (key: string, templates: ReadonlyMap<string, string>): boolean =>
  [...templates].some(([other, text]) => other !== key && (text.includes(`'${key}'`) || text.includes(`"${key}"`)));
