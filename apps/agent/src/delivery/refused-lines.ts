import type { ConfigModel, Section } from '@flotilla/haproxy';
import { digestOf } from '@flotilla/domain';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { RefusedLines } from '../store/state-file.ts';
import type { Context } from './context.ts';

const firstPauseMs = 60_000;
const longestPauseMs = 3_600_000;

/** Remembers what a reload was refused for. */
export function noteRefused(context: Context, { release }: PlacedRelease, reason: string): RefusedLines {
  const before = context.state.refusedLines;
  const named = namedLines(release.config, reason);
  const lines = named.length > 0 ? named : digestOfRules(release.config);
  const isAgain = before && isCarried(before.lines, release.config);
  const pauseMs = isAgain ? Math.min(longestPauseMs, 2 * before.pauseMs) : firstPauseMs;
  const refused = { lines, reason, pauseMs, notBefore: performance.now() + pauseMs };
  context.move({ kind: 'lines-refused', lines: refused });
  return refused;
}

/** Why a version is not tried now: it carries lines that were refused. */
export function heldBack({ state }: Context, { release }: PlacedRelease): string | undefined {
  const { refusedLines, running } = state;
  // While nothing serves, a try costs nothing.
  if (!refusedLines || !running || !isCarried(refusedLines.lines, release.config)) return undefined;
  const leftMs = refusedLines.notBefore - performance.now();
  if (leftMs <= 0) return undefined;
  return `${refusedLines.reason} (refused before; not tried again in the next ${Math.ceil(leftMs / 1_000)} s)`;
}

const isCarried = (refused: readonly string[] | string, config: ConfigModel): boolean => {
  if (typeof refused === 'string') return refused === digestOfRules(config);
  const lines = new Set(config.sections.flatMap(linesOf));
  return refused.every((line) => lines.has(line));
};

/** `Binding [haproxy.cfg:13] for frontend f: …`, and before 2.5 `Starting frontend f: cannot bind …`. */
function namedLines(config: ConfigModel, reason: string): string[] {
  const text = config.text.split('\n');
  const numbers = [...reason.matchAll(/\b(?:Binding|Starting) \[haproxy\.cfg:(\d+)\]/g)].map(([, at]) => Number(at));
  const byNumber = numbers.flatMap((at) => {
    const section = sectionAt(config, at);
    return section ? [lineIn(section, text[at - 1] ?? '')] : [];
  });
  const names = [...reason.matchAll(/\bStarting (?:frontend|proxy) (\S+):/g)].map(([, name]) => name);
  const byName = config.sections
    .filter(({ kind, name }) => (kind === 'frontend' || kind === 'listen') && names.includes(name))
    .flatMap((section) =>
      section.rules.filter(({ keyword }) => keyword === 'bind').map((line) => lineIn(section, line.text)),
    );
  return [...byNumber, ...byName];
}

function sectionAt(config: ConfigModel, number: number): Section | undefined {
  let before = 0;
  return config.sections.find((section) => {
    before += section.lines.length;
    return number <= before;
  });
}

const lineIn = (section: Section, text: string): string => `${section.key}\0${text.trim()}`;
const linesOf = (section: Section): string[] => section.rules.map((line) => lineIn(section, line.text));
const digestOfRules = (config: ConfigModel): string =>
  digestOf(Buffer.from(config.sections.flatMap(linesOf).join('\n')));
