import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineNumberOf, parseConfig, printConfig } from '../../src/model/config.ts';

const line = fc.constantFrom(
  'global',
  'defaults',
  'defaults base',
  '  defaults other from base # why',
  'backend a',
  'backend b from base',
  'frontend f',
  'listen l',
  'userlist u',
  'backendish x',
  '  server one 10.0.0.1:80 check',
  '  server two 10.0.0.2:80',
  '\tserver  three   10.0.0.3:80 # tab',
  '  default-server inter 1s',
  '  # a comment',
  '',
  '   ',
  'balance roundrobin\r',
  'log-format "%ci # %s"',
  'ünïcode € 🚢',
  '.if defined(X)',
);
const text = fc
  .tuple(fc.array(line, { maxLength: 40 }), fc.boolean())
  .map(([lines, end]) => lines.join('\n') + (end && lines.length > 0 ? '\n' : ''));

/** The second text is the first one with a few lines replaced, as a change of a configuration is. */
const change = fc
  .tuple(
    text,
    fc.array(fc.tuple(fc.nat(45), fc.nat(3), fc.array(line, { maxLength: 3 })), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([before, edits, cut]) => {
    const lines = before.split('\n');
    for (const [at, remove, insert] of edits) lines.splice(at, remove, ...insert);
    const after = lines.join('\n');
    return { before, after: cut ? after.slice(0, -1) : after };
  });

const shape = (model: ReturnType<typeof parseConfig>) =>
  model.sections.map(({ kind, name, from, text: own, lines }) => ({
    kind,
    name,
    from,
    own,
    lines: lines.map((one) => one.text),
  }));

describe('parseConfig', () => {
  it('loses nothing', () => {
    const losesNothing = (any: string) => {
      expect(printConfig(parseConfig(any))).toBe(any);
    };
    fc.assert(fc.property(text, losesNothing));
    const anything = fc.string({ unit: fc.constantFrom(...' \t\r\n\0"\'\\#$.{}ab', 'é', '€', '🚢'), maxLength: 80 });
    fc.assert(fc.property(anything, losesNothing));
  });

  it('gives the same model from a former one as from nothing', () => {
    fc.assert(
      fc.property(change, fc.boolean(), ({ before, after }, read) => {
        const former = parseConfig(before);
        if (read) former.sections.forEach((section) => section.lines);
        const next = parseConfig(after, former);
        expect(shape(next)).toEqual(shape(parseConfig(after)));
        expect(printConfig(next)).toBe(after);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps the objects of sections and lines that did not change', () => {
    const before = parseConfig(
      'global\n  daemon\nbackend a\n  server x 1.1.1.1:1\n  server y 1.1.1.2:1\nbackend b\n  server z 1.1.1.3:1\n',
    );
    before.sections.forEach((section) => section.lines);
    const after = parseConfig(before.text.replace('  server y', '  server new 1.1.1.9:1\n  server y'), before);
    expect(after.sections[0]).toBe(before.sections[0]);
    expect(after.sections[2]).toBe(before.sections[2]);
    expect(after.sections[1]).not.toBe(before.sections[1]);
    expect(after.sections[1]?.lines[1]).toBe(before.sections[1]?.lines[1]);
    expect(after.sections[1]?.lines[3]).toBe(before.sections[1]?.lines[2]);
    expect(parseConfig(before.text, before)).toBe(before);
  });

  it('knows sections by their keyword wherever it is indented, and names and defaults', () => {
    const { sections } = parseConfig('# top\n\n  backend a from base # x\nserver s 1.1.1.1:1\nglobal#\nbackends x\n');
    expect(sections.map(({ kind, name, from }) => [kind, name, from])).toEqual([
      ['preamble', '', undefined],
      ['backend', 'a', 'base'],
      ['global', '', undefined],
    ]);
  });

  it('reads quoted names, and knows that one of the environment cannot be read', () => {
    const { sections } = parseConfig('backend "a"\\ b from \'c\'\nbackend "$X"\nbackend d from "$Y"\n');
    expect(sections.map(({ name, from, readable }) => [name, from, readable])).toEqual([
      ['a b', 'c', true],
      ['$X', undefined, false],
      ['d', '$Y', false],
    ]);
  });

  it.each(['.if 1', '"backend" x', 'ser"ver" a 1.1.1.1:1', '\\x62ackend x'])('cannot read %s', (line) => {
    const [section] = parseConfig(`backend a\n  ${line}\n`).sections;
    expect(section?.readable).toBe(false);
    expect(section?.unreadableLine?.text).toBe(`  ${line}\n`);
  });

  it('numbers lines from the top of the file', () => {
    const model = parseConfig('global\n  daemon\n\nbackend a\n  server s 1.1.1.1:1\n');
    const section = model.sections[1]!;
    expect(lineNumberOf(model, section, section.lines[1]!)).toBe(5);
  });
});
