import { typeError } from '../../errors.ts';
import { typeName, isText, textOf, type Builtin, type Runtime, type Value } from '../../values/index.ts';
import { integer } from '../arguments.ts';
import { countCharacters } from '../text/characters.ts';
import { strMethod } from './str-method.ts';

function fillCharacter(value: Value): string {
  if (!isText(value)) throw typeError(`The fill character must be a unicode character, not ${typeName(value)}`);
  const fill = textOf(value);
  if (countCharacters(fill) !== 1) throw typeError('The fill character must be exactly one character long');
  return fill;
}

/** How many characters are missing to `width`. */
function missing(self: string, width: number, runtime: Runtime): number {
  runtime.checkSize(width, 'maxRepeat');
  return Math.max(width - countCharacters(self), 0);
}

/** `str.center(width, fill)`: an odd one out goes left when the width is odd too. */
export function center(self: string, width: number, fill: string, runtime: Runtime): string {
  const margin = missing(self, width, runtime);
  const left = Math.floor(margin / 2) + (margin & width & 1);
  return fill.repeat(left) + self + fill.repeat(margin - left);
}

function zeroFill(self: string, width: number, runtime: Runtime): string {
  const zeros = '0'.repeat(missing(self, width, runtime));
  return /^[+-]/.test(self) ? self.charAt(0) + zeros + self.slice(1) : zeros + self;
}

/** `str.expandtabs(tabsize)`: columns start again after a line break. */
function expandTabs(self: string, size: number, runtime: Runtime): string {
  runtime.checkSize(Math.max(size, 0) * self.split('\t').length, 'maxRepeat');
  let column = 0;
  let result = '';
  for (const character of self) {
    if (character === '\t') {
      const spaces = size > 0 ? size - (column % size) : 0;
      result += ' '.repeat(spaces);
      column += spaces;
    } else {
      result += character;
      column = character === '\n' || character === '\r' ? 0 : column + 1;
    }
  }
  return result;
}

const FILL = ['fillchar', ' '] as const;

/** Methods of str that fill it up to a width. */
export const paddingMethods: readonly Builtin[] = [
  strMethod('center', ['width', FILL], (self, [width = 0, fill = ' '], runtime) =>
    center(self, integer(width), fillCharacter(fill), runtime),
  ),
  strMethod(
    'ljust',
    ['width', FILL],
    (self, [width = 0, fill = ' '], runtime) =>
      self + fillCharacter(fill).repeat(missing(self, integer(width), runtime)),
  ),
  strMethod(
    'rjust',
    ['width', FILL],
    (self, [width = 0, fill = ' '], runtime) =>
      fillCharacter(fill).repeat(missing(self, integer(width), runtime)) + self,
  ),
  strMethod('zfill', ['width'], (self, [width = 0], runtime) => zeroFill(self, integer(width), runtime)),
  strMethod('expandtabs', [['tabsize', 8]], (self, [size = 8], runtime) => expandTabs(self, integer(size), runtime)),
];
