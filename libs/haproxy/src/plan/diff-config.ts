import { unreadableSection, type ConfigModel } from '../model/config.ts';
import { defaultsOf, defaultsPlaces } from '../model/proxy.ts';
import type { Section } from '../model/section.ts';
import type { Capabilities } from './capabilities.ts';
import { changedLines, diffProxy, diffRules } from './diff-section.ts';
import { forces, merge, nothing, type Findings } from './findings.ts';
import type { LeavingServers } from './operation.ts';

/** The sections that differ, between what both configurations share at their ends. */
export interface ChangedSections {
  readonly before: readonly Section[];
  readonly after: readonly Section[];
}

export function changedSections(running: ConfigModel, wanted: ConfigModel): ChangedSections {
  const a = running.sections;
  const b = wanted.sections;
  const same = (x: Section | undefined, y: Section | undefined) => x === y || x?.text === y?.text;
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && same(a[head], b[head])) head++;
  let tail = 0;
  while (tail < shorter - head && same(a[a.length - 1 - tail], b[b.length - 1 - tail])) tail++;
  return { before: a.slice(head, a.length - tail), after: b.slice(head, b.length - tail) };
}

/** Compares two configurations section by section; sections that are the same object or text cost nothing. */
export function diffConfig(
  running: ConfigModel,
  wanted: ConfigModel,
  can: Capabilities,
  leaving: LeavingServers,
): Findings {
  if (running.text === wanted.text) return nothing;
  const odd = conditional(running) ?? conditional(wanted);
  if (odd) return odd;
  const { before, after } = changedSections(running, wanted);
  const old = byKey(before);
  const now = byKey(after);
  if (!old || !now || !sameDefaultsOrder(before, after) || globalsMoved(before, after)) return reordered(wanted, after);
  return merge([
    ...[...now].map(([key, section]) => {
      const was = old.get(key);
      if (!was) return appeared(wanted, section);
      return section.text === was.text
        ? movedSection(running, wanted, was, section)
        : diffSection(running, wanted, was, section, can, leaving);
    }),
    ...[...old].map(([key, section]) => (now.has(key) ? nothing : disappeared(running, section))),
  ]);
}

function diffSection(
  running: ConfigModel,
  wanted: ConfigModel,
  runningSection: Section,
  section: Section,
  can: Capabilities,
  leaving: LeavingServers,
): Findings {
  const changed = changedLines(runningSection, section);
  if (!section.isProxy) return diffRules(running, wanted, runningSection, section, changed);
  const moved = movedSection(running, wanted, runningSection, section);
  if (moved.forced.length > 0) return moved;
  const defaults = defaultsOf(wanted, section);
  return diffProxy({ running, wanted, runningSection, section, defaults, can, leaving }, changed);
}

/** The order of sections says nothing, except which `defaults` a section stands under. */
function movedSection(running: ConfigModel, wanted: ConfigModel, was: Section, section: Section): Findings {
  if (section.kind !== 'frontend' && !section.isProxy) return nothing;
  // Both configurations have the same `defaults` in the same order, or there would be a reload already.
  if (defaultsPlaces(running, was).join() === defaultsPlaces(wanted, section).join()) return nothing;
  return forces({
    kind: 'line',
    model: wanted,
    section,
    line: undefined,
    why: 'it stands under another defaults section',
  });
}

function conditional(model: ConfigModel): Findings | undefined {
  const section = unreadableSection(model);
  if (!section) return undefined;
  return forces({
    kind: 'line',
    model,
    section,
    line: section.unreadableLine,
    why: 'with conditional blocks, a quoted keyword or a name from the environment only HAProxy knows what is in force',
  });
}

const saysNothing = (section: Section): boolean =>
  section.kind === 'preamble' && section.lines.every((line) => line.isBlank);

function appeared(wanted: ConfigModel, section: Section): Findings {
  if (saysNothing(section)) return nothing;
  return forces({ kind: 'line', model: wanted, section, line: undefined, why: 'this section is new' });
}

function disappeared(running: ConfigModel, section: Section): Findings {
  if (saysNothing(section)) return nothing;
  return forces({ kind: 'line', model: running, section, line: undefined, why: 'this section is gone' });
}

const reordered = (wanted: ConfigModel, after: readonly Section[]): Findings => {
  const section = after[0] ?? wanted.sections[0];
  return section
    ? forces({
        kind: 'line',
        model: wanted,
        section,
        line: undefined,
        why: 'sections of one name, or another order of defaults',
      })
    : nothing;
};

/**
 * Sections by kind and name. `global` and nameless `defaults` may stand there several times and are told apart by their
 * order; undefined when another name stands there twice.
 */
function byKey(sections: readonly Section[]): ReadonlyMap<string, Section> | undefined {
  const map = new Map<string, Section>();
  for (const section of sections) {
    let key = section.key;
    if (map.has(key) && section.name !== '') return undefined;
    for (let count = 2; map.has(key); count++) key = `${section.key}\0${count}`;
    map.set(key, section);
  }
  return map;
}

/** `setenv` and its kin in a `global` section count for what stands below it. */
function globalsMoved(before: readonly Section[], after: readonly Section[]): boolean {
  if (!before.some(({ kind }) => kind === 'global')) return false;
  const order = (sections: readonly Section[], others: readonly Section[]) => {
    const common = new Set(others.map(({ key }) => key));
    return sections.flatMap(({ key }) => (common.has(key) ? [key] : [])).join('\n');
  };
  return order(before, after) !== order(after, before);
}

function sameDefaultsOrder(before: readonly Section[], after: readonly Section[]): boolean {
  const order = (sections: readonly Section[]) =>
    sections
      .filter(({ kind }) => kind === 'defaults')
      .map(({ key }) => key)
      .join('\n');
  return order(before) === order(after);
}
