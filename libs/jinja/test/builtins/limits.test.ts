import { describe, expect, it } from 'vitest';
import { filters, formatPercent, globals, methods, tests } from '../../src/builtins/index.ts';
import { SecurityError } from '../../src/errors.ts';
import { findMethod, iterate, NO_KWARGS, Runtime, Tuple, type Builtin, type Value } from '../../src/values/index.ts';

const runtime = new Runtime({ filters, tests, methods });
const HUGE = 2_000_000_000;

function run(callee: Builtin | undefined, ...args: Value[]): Value {
  if (callee === undefined) throw new Error('no such builtin');
  const result = callee.call(runtime, args, NO_KWARGS);
  return typeof result === 'object' && result !== null && 'iterate' in result ? [...iterate(result)] : result;
}

const method = (self: Value, name: string, ...args: Value[]): Value =>
  run(findMethod(runtime, self, name), self, ...args);
const filter = (name: string, ...args: Value[]): Value => run(filters.get(name), ...args);
const long = 'x'.repeat(1_000_000);

/** Calls that would stall the process or fill its memory. */
const attempts: Readonly<Record<string, () => Value>> = {
  'str.center': () => method('x', 'center', HUGE),
  'str.ljust': () => method('x', 'ljust', HUGE),
  'str.rjust': () => method('x', 'rjust', HUGE, '*'),
  'str.zfill': () => method('1', 'zfill', HUGE),
  'str.expandtabs': () => method('\t', 'expandtabs', HUGE),
  'str.replace': () => method(long, 'replace', 'x', 'y'.repeat(1000)),
  'str.join': () => method(long, 'join', 'x'.repeat(1000)),
  'str.translate': () => method(long, 'translate', new Map([[120, 'y'.repeat(1000)]])),
  'str.format, width': () => method(`{:${HUGE}}`, 'format', 1),
  'str.format, nested width': () => method('{:{}}', 'format', 'x', HUGE),
  'str.format, precision': () => method(`{:.${HUGE}f}`, 'format', 1),
  'str.format, many fields': () => method('{0}'.repeat(1000), 'format', long),
  '%, width': () => formatPercent(runtime, `%${HUGE}d`, 1),
  '%, width as argument': () => formatPercent(runtime, '%*d', new Tuple([HUGE, 1])),
  '%, precision': () => formatPercent(runtime, `%.${HUGE}f`, 1),
  '%, many values': () => formatPercent(runtime, '%(a)s'.repeat(1000), { a: long }),
  'center filter': () => filter('center', 'x', HUGE),
  'indent filter': () => filter('indent', 'x\ny', HUGE),
  'indent filter, many lines': () => filter('indent', 'x\n'.repeat(100_000), 1000),
  'replace filter': () => filter('replace', long, 'x', 'y'.repeat(1000)),
  'join filter': () => filter('join', long, 'y'.repeat(1000)),
  'batch filter': () => filter('batch', [1], HUGE, 'x'),
  'slice filter': () => filter('slice', [1], HUGE),
  'tojson filter': () => filter('tojson', [1], HUGE),
  'round filter': () => filter('round', 1, HUGE, 'ceil'),
  range: () => run(globals.get('range'), HUGE),
  lipsum: () => run(globals.get('lipsum'), HUGE),
  'lipsum, long paragraphs': () => run(globals.get('lipsum'), 1, true, HUGE, HUGE + 1),
};

describe('a template cannot ask a builtin for more than the limits', () => {
  it.each(Object.entries(attempts))('%s', (_name, attempt) => {
    expect(attempt).toThrow(SecurityError);
  });

  it('what is inside of them works', () => {
    expect(method('x', 'center', 5)).toBe('  x  ');
    expect(run(globals.get('range'), 3)).toEqual([0, 1, 2]);
    expect(formatPercent(runtime, '%05d', 42)).toBe('00042');
  });
});

describe('data that its owner froze', () => {
  it('is not changed', () => {
    const list = Object.freeze([1, 2]);
    const dict = Object.freeze({ a: 1 });
    expect(() => method(list, 'append', 3)).toThrow('this list is read-only');
    expect(() => method(list, 'sort')).toThrow('this list is read-only');
    expect(() => method(dict, 'update', { b: 2 })).toThrow('this dict is read-only');
    expect(() => method(dict, 'pop', 'a')).toThrow('this dict is read-only');
    expect(list).toEqual([1, 2]);
    expect(dict).toEqual({ a: 1 });
  });
});
