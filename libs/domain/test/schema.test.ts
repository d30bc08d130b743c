import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  manifestSchema,
  parseAhead,
  parseAnswer,
  parseAppReport,
  parseAs,
  parseHold,
  parseMissing,
  parseNodeStatus,
  parseProblem,
  parseProblems,
  parseProvenance,
  parseWish,
  readJson,
  resultSchema,
  setbackSchema,
  signalSchema,
} from '../src/index.ts';

const time = '2026-01-02T03:04:05.678Z';
const identity = { epoch: '5.a', version: 3, digest: 'd'.repeat(64) };
const instance = { id: 'h/1/x', host: 'h', pid: 1, version: '0.1.0', since: time };
const change = { object: 'pods/web/a', position: '7' };
const problem = {
  object: 'configmaps/lb/services',
  key: 'x',
  code: 'not-json',
  reason: 'no',
  serves: 'last-good',
  until: time,
};
const answer = { node: 'n', artifact: identity, at: time, stepsMs: { write: 1.5 } };

/** Each record that is read from Redis or a disk: what reads it, and a whole one. */
const records: Record<string, [(text: string) => unknown, object]> = {
  'a node report': [
    parseNodeStatus,
    {
      ...{ node: 'n', desired: identity, applied: null, lastGood: identity, problem: null, rival: instance, instance },
      ...{ parked: { artifact: identity, reason: 'no' }, haproxy: { version: '3.0.1', pid: 7, oldWorkers: 0 } },
      ...{ behind: { since: time, why: null }, clockMs: -3, at: time, seenAt: 1_000 },
    },
  ],
  'an ack': [parseAnswer, { ...answer, kind: 'ack', how: { kind: 'runtime', operations: 2 } }],
  'a nack': [parseAnswer, { ...answer, kind: 'nack', reason: 'no' }],
  'an app report': [
    (text) => {
      const read = parseAppReport(text);
      return read && { ...read.report, seenAt: read.seenAt };
    },
    { app: 'watcher', instance, fleets: ['lb'], trouble: [], fleetTrouble: { lb: 'no' }, clockMs: null, seenAt: 5 },
  ],
  'a wish': [parseWish, { id: 'a', kind: 'reload' }],
  'a word of a node that is ahead': [parseAhead, identity],
  'a hold': [parseHold, { since: time, missing: ['pods'], reason: 'no' }],
  'what is missing': [parseMissing, { since: time, isNamed: true }],
  'a problem': [parseProblem, problem],
  'a job': [(text) => parseAs(signalSchema, text), { fleet: 'lb', revision: 7 }],
  'a result': [
    (text) => parseAs(resultSchema, text),
    {
      ...{ kind: 'published', fleet: 'lb', epoch: '5.a', revision: 7, version: 3, digest: identity.digest },
      ...{ changes: [change], changeCount: 1, problems: ['x'], stagesMs: { render: 2 } },
    },
  ],
  'a setback': [
    (text) => parseAs(setbackSchema, text),
    { revision: null, stage: 'check', code: 'x', changes: [change], changeCount: 1, renderer: 'r', since: 9 },
  ],
  'a manifest': [
    (text) => parseAs(manifestSchema, text),
    {
      ...identity,
      fleet: 'lb',
      revision: 7,
      createdAt: time,
      files: [{ path: 'ssl/a', digest: 'e'.repeat(64), size: 2 }],
    },
  ],
};

const odd = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.constantFrom(
    '',
    'null',
    '[]',
    '7',
    '"x"',
    '{"__proto__":{"node":"x"}}',
    '{'.repeat(200),
    '[{"object":1}]',
    '-1',
    '1e400',
  ),
);

describe.each(Object.entries(records))('%s', (_, [read, whole]) => {
  it('is read as it was written, whatever else stands in it', () => {
    expect(read(JSON.stringify(whole))).toEqual(whole);
    expect(read(JSON.stringify({ ...whole, more: { deep: [] } }))).toEqual(whole);
  });

  it('is nothing, and no error, where it has another form', () => {
    for (const text of ['', 'null', '[]', '7', '{}', '{', '{"__proto__":{}}', '['.repeat(10_000)])
      expect(read(text)).toBeUndefined();
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(whole)), odd, (key, value) => {
        const rest = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== key));
        const members = Object.entries(rest).map(([name, each]) => `${JSON.stringify(name)}:${JSON.stringify(each)}`);
        for (const text of [members.join(), [...members, `${JSON.stringify(key)}:${value}`].join()]) read(`{${text}}`);
      }),
    );
  });
});

it('lists leave out what is none of theirs', () => {
  expect(parseProblems(JSON.stringify([problem, null, { object: 7 }, { ...problem, code: 'of tomorrow' }]))).toEqual([
    problem,
  ]);
  expect(
    parseProvenance(JSON.stringify([change, 'x', { object: 'of before', index: 7 }, { object: 'of none' }])),
  ).toEqual([change, { object: 'of before', position: '7' }, { object: 'of none', position: '' }]);
  for (const text of ['', '{', '{}', 'null']) expect([parseProblems(text), parseProvenance(text)]).toEqual([[], []]);
});

it('says what is wrong, and quotes no value', () => {
  const wrong = (value: object) => {
    const read = readJson(signalSchema, JSON.stringify(value));
    return read.ok ? '' : read.reason;
  };
  expect(wrong({ fleet: '../../victim', revision: 1 })).toBe('"fleet": is no fleet name');
  expect(wrong({ fleet: 'lb', revision: 'geheim' })).not.toContain('geheim');
});
