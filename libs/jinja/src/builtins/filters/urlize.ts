import { FilterArgumentError } from '../../errors.ts';
import {
  builtin,
  escape,
  escapedStr,
  iterate,
  Markup,
  quote,
  truthy,
  type Builtin,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { integerOrNull, text, textOrNull } from '../arguments.ts';
import { countCharacters, sliceCharacters } from '../text/characters.ts';
import { SPACE } from '../text/classes.ts';
import { splitWords } from '../text/split.ts';

/** What a link looks like, with or without a scheme: `www.…`, a common top level domain, an address. */
const WEB = new RegExp(
  '^(?:(?:https?://|www\\.)(?:(?:[\\p{L}\\p{N}_%-]+\\.)+)?(?:[a-z]{2,63}|xn--[\\p{L}\\p{N}_%]{2,59})' +
    '|(?:[\\p{L}\\p{N}_%-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)' +
    '|https?://(?:\\p{Nd}{1,3}(?:\\.\\p{Nd}{1,3}){3}|\\[(?:[\\p{Nd}a-f]{0,4}:){2}(?:[\\p{Nd}a-f]{0,4}:?){1,6}\\]))' +
    `(?::\\p{Nd}{1,5})?(?:[/?#][^${SPACE}]*)?$`,
  'iu',
);
const MAIL = new RegExp(`^[^${SPACE}]+@[\\p{L}\\p{N}_][\\p{L}\\p{N}_.-]*\\.[\\p{L}\\p{N}_]+$`, 'u');
const HEAD = /^(?:[(<]|&lt;)+/;
const TAIL = /(?:[)>.,\n]|&gt;)+$/;
const ENDS = [')', '>', '.', ',', '\n', '&gt;'];
const BRACKETS = [
  ['(', ')'],
  ['<', '>'],
  ['&lt;', '&gt;'],
] as const;
const SCHEME = /^[\p{L}\p{N}_.+-]{2,}:\/{0,2}$/u;

interface LinkOptions {
  readonly limit: number | null;
  readonly attributes: string;
  readonly schemes: readonly string[];
}

const countOf = (text: string, part: string): number => text.split(part).length - 1;

/** A word without the brackets and punctuation around it; brackets that belong to the link stay with it. */
function dissect(word: string): { head: string; middle: string; tail: string } {
  const head = HEAD.exec(word)?.[0] ?? '';
  let middle = word.slice(head.length);
  let tail = '';
  if (ENDS.some((end) => middle.endsWith(end))) {
    tail = TAIL.exec(middle)?.[0] ?? '';
    middle = middle.slice(0, middle.length - tail.length);
  }
  for (const [open, close] of BRACKETS) {
    const opened = countOf(middle, open);
    if (opened <= countOf(middle, close)) continue;
    for (let left = Math.min(opened, countOf(tail, close)); left > 0; left -= 1) {
      const end = tail.indexOf(close) + close.length;
      middle += tail.slice(0, end);
      tail = tail.slice(end);
    }
  }
  return { head, middle, tail };
}

function shown(link: string, limit: number | null): string {
  return limit !== null && countCharacters(link) > limit ? `${sliceCharacters(link, 0, limit)}...` : link;
}

function link(word: string, { limit, attributes, schemes }: LinkOptions): string {
  if (WEB.test(word)) {
    const target = word.startsWith('https://') || word.startsWith('http://') ? word : `https://${word}`;
    return `<a href="${target}"${attributes}>${shown(word, limit)}</a>`;
  }
  if (word.startsWith('mailto:') && MAIL.test(word.slice(7))) return `<a href="${word}">${word.slice(7)}</a>`;
  if (word.includes('@') && !word.startsWith('www.') && !word.includes(':') && MAIL.test(word)) {
    return `<a href="mailto:${word}">${word}</a>`;
  }
  let result = word;
  for (const scheme of schemes) {
    if (result !== scheme && result.startsWith(scheme)) result = `<a href="${result}"${attributes}>${result}</a>`;
  }
  return result;
}

const SPACES = new RegExp(`([${SPACE}]+)`);

function linkWords(runtime: Runtime, source: string, options: LinkOptions): string {
  let linked = '';
  for (const word of source.split(SPACES)) {
    const { head, middle, tail } = dissect(word);
    linked += head + link(middle, options) + tail;
    runtime.checkSize(linked.length, 'maxOutput');
  }
  return linked;
}

function schemesOf(runtime: Runtime, given: Value): string[] {
  const schemes = Array.from(iterate(given ?? runtime.policies['urlize.extra_schemes'] ?? []), (scheme) =>
    text(scheme),
  );
  for (const scheme of schemes) {
    if (!SCHEME.test(scheme)) throw new FilterArgumentError(`${quote(scheme)} is not a valid URI scheme prefix.`);
  }
  return schemes;
}

function relation(runtime: Runtime, rel: Value, nofollow: boolean): string {
  const parts = new Set(splitWords(textOrNull(rel) ?? ''));
  if (nofollow) parts.add('nofollow');
  for (const part of splitWords(textOrNull(runtime.policies['urlize.rel'] ?? null) ?? '')) parts.add(part);
  return [...parts].sort().join(' ');
}

function urlize(
  runtime: Runtime,
  [value = null, limit = null, nofollow = false, target = null, rel = null, schemes = null]: readonly Value[],
): Value {
  const relations = relation(runtime, rel, truthy(nofollow));
  const window = target ?? runtime.policies['urlize.target'] ?? null;
  const attributes =
    (relations === '' ? '' : ` rel="${escape(relations).text}"`) +
    (truthy(window) ? ` target="${escape(window).text}"` : '');
  const links = linkWords(runtime, escapedStr(value), {
    limit: integerOrNull(limit),
    attributes,
    schemes: schemesOf(runtime, schemes),
  });
  return runtime.autoescape ? new Markup(links) : links;
}

/** `urlize`: links in text become clickable. */
export const urlizeFilter: Builtin = builtin(
  'urlize',
  ['value', ['trim_url_limit', null], ['nofollow', false], ['target', null], ['rel', null], ['extra_schemes', null]],
  urlize,
);
