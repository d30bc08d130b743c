import fc, { type Arbitrary } from 'fast-check';
import { context } from './fuzz-context.ts';
import { body, child, companions } from './fuzz-statements.ts';
import type { ConformanceCase, Outcome } from './render.ts';

/** A random case: its context is JSON text, so that both sides read the very same. */
export interface FuzzCase extends ConformanceCase {
  readonly contextJson: string;
}

const flag = fc.boolean();

const options = fc
  .record(
    {
      trim_blocks: flag,
      lstrip_blocks: flag,
      keep_trailing_newline: flag,
      autoescape: flag,
      newline_sequence: fc.constantFrom('\n', '\n', '\r\n'),
      line_statement_prefix: fc.constantFrom('%%', '# '),
      line_comment_prefix: fc.constantFrom('##', '//'),
      undefined: fc.constantFrom(
        'StrictUndefined',
        'ChainableUndefined',
        'DebugUndefined',
        'Undefined',
        'Undefined',
        'Undefined',
      ),
    },
    { requiredKeys: [] },
  )
  .map((chosen): Readonly<Record<string, unknown>> => chosen);

/** Templates, contexts and options of the whole language. */
export const fuzzCase: Arbitrary<FuzzCase> = fc
  .record({
    source: fc.oneof({ weight: 9, arbitrary: body }, { weight: 1, arbitrary: child }),
    contextJson: context,
    options,
  })
  .map((made) => ({ ...made, name: 'fuzz', templates: companions }));

/**
 * Cases that say nothing: printed addresses differ from one run of Python to the next, and what kinds of functions
 * exist differs here. Errors without a line come from constants that Jinja2 computes while it compiles, in code that
 * may never run. What runs without end ends by time there, by a limit here.
 */
export function isIncomparable(theirs: Outcome): boolean {
  if ('error' in theirs) {
    const { type, line } = theirs.error;
    return type === 'Timeout' || (line === null && type !== 'RecursionError');
  }
  return / at 0x|&lt;built-in|<built-in|<function|&lt;function/.test(theirs.output);
}

/** Python's complex numbers are left out, and that is said; a random power can be one. */
export const isLeftOut = (ours: Outcome): boolean =>
  'error' in ours && /is complex, which is not supported/.test(ours.error.message);

/** What asks for more memory than there is ends in Python's own way there, by a limit here. */
export const isTooLarge = (theirs: Outcome, ours: Outcome): boolean =>
  'error' in theirs &&
  'error' in ours &&
  ['MemoryError', 'OverflowError'].includes(theirs.error.type) &&
  ours.error.type === 'SecurityError';
