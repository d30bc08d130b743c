import { type ConfigModel, parseConfig } from '../model/config.ts';
import { Line, splitLines } from '../model/line.ts';
import { sectionKeywords } from '../model/section.ts';

export interface EffectiveConfig {
  /** The lines in force, each in its place, with the variables' values; one that is not, or may not be, in force is empty. */
  readonly model: ConfigModel;
  /** The environment as it stands at the end. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Whether HAProxy takes a condition (the text behind `.if`) for true; undefined when it cannot be asked. */
export type Evaluate = (condition: string, environment: NodeJS.ProcessEnv) => Promise<boolean | undefined>;

const isSpecial = /^[ \t]*\.|"[^"\n]*\$/m;
const directive = /^[ \t]*\.(if|elif|else|endif|[a-z]+)(?![a-z])(.*)/;
const header = new RegExp(`^[ \\t]*(${sectionKeywords.join('|')})(?![-\\w])`);

/** Where a conditional block stands; `over` is a block of which a part was taken already. */
type Block = 'on' | 'off' | 'over' | 'unsure';

/**
 * What HAProxy makes of a configuration's conditional blocks, environment variables and `setenv` lines (configuration
 * manual, 2.3 "Environment variables", 2.4 "Conditional blocks"; `readcfgfile` in its cfgparse.c).
 */
export async function effectiveConfig(
  config: ConfigModel,
  given: NodeJS.ProcessEnv,
  evaluate: Evaluate,
): Promise<EffectiveConfig> {
  if (!isSpecial.test(config.text)) return { model: config, environment: given };
  const environment = { ...given };
  const blocks: Block[] = [];
  let isGlobal = false;
  const texts: string[] = [];
  const read = async (condition: string): Promise<Block> => {
    // HAProxy takes no comment where it is asked for a condition alone.
    const bare = condition.includes('#')
      ? new Line(condition).words.map(({ text }) => text).join(' ')
      : condition.trim();
    const is = await evaluate(bare, environment);
    return is === undefined ? 'unsure' : is ? 'on' : 'off';
  };
  const follow = async (word: string, condition: string) => {
    const within = blocks.slice(0, word === 'if' ? undefined : -1).every((block) => block === 'on');
    const block = blocks.at(-1);
    if (word === 'if') blocks.push(within ? await read(condition) : 'over');
    else if (word === 'endif') blocks.pop();
    else if (block === 'on') blocks[blocks.length - 1] = 'over';
    else if (block === 'off') blocks[blocks.length - 1] = word === 'else' ? 'on' : await read(condition);
  };
  for (const { text } of splitLines(config.text)) {
    const [, word, condition = ''] = directive.exec(text) ?? [];
    if (word !== undefined) await follow(word, condition);
    const isInForce = word === undefined && blocks.every((block) => block === 'on');
    if (!isInForce) {
      texts.push(text.endsWith('\n') ? '\n' : '');
      continue;
    }
    const line = withVariables(text, environment) ?? text;
    texts.push(line);
    const section = header.exec(line)?.[1];
    if (section !== undefined) isGlobal = section === 'global';
    else if (isGlobal) setVariables(new Line(line), environment);
  }
  return { model: parseConfig(texts.join('')), environment };
}

/**
 * A line with the values of its variables, which only stand in weak quotes (`parse_line` in HAProxy's tools.c); undefined
 * when HAProxy makes something else of one: several words, or a name of its own.
 */
export function withVariables(text: string, environment: NodeJS.ProcessEnv): string | undefined {
  if (!text.includes('$')) return text;
  let result = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote === '' && char === '#') return result + text.slice(at);
    if (char === '\\' && quote !== "'") {
      result += text.slice(at, at + 2);
      at++;
      continue;
    }
    if (char === '$' && quote === '"') {
      const found = /^\$(?:\{([A-Za-z_]\w*)(?:-([^}]*))?\}|([A-Za-z_]\w*))/.exec(text.slice(at));
      if (!found) return undefined;
      const [all, braced, otherwise = '', bare = ''] = found;
      // HAProxy reads nothing more out of a value, so what would mean something to it is escaped.
      result += (environment[braced ?? bare] ?? otherwise).replace(/["\\$]/g, '\\$&');
      at += all.length - 1;
      continue;
    }
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    result += char;
  }
  return result;
}

/** `setenv` and its kin (configuration manual, 3.1) count for the lines below them. */
function setVariables(line: Line, environment: NodeJS.ProcessEnv): void {
  const [keyword, ...words] = line.words.map(({ text }) => text);
  const [name = '', value = ''] = words;
  if (keyword === 'setenv' || (keyword === 'presetenv' && environment[name] === undefined)) {
    environment[name] = value;
  } else if (keyword === 'unsetenv') for (const word of words) Reflect.deleteProperty(environment, word);
  else if (keyword === 'resetenv') {
    for (const known of Object.keys(environment)) {
      if (!words.includes(known)) Reflect.deleteProperty(environment, known);
    }
  }
}
