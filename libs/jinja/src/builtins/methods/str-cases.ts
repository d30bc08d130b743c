import { type Builtin } from '../../values/index.ts';
import { capitalize, caseFold, swapCase, title } from '../text/casing.ts';
import * as classes from '../text/classes.ts';
import { strMethod } from './str-method.ts';

const predicate = (name: string, holds: (text: string) => boolean): Builtin => strMethod(name, [], holds);

/** Methods of str about upper and lower case and kinds of characters. */
export const caseMethods: readonly Builtin[] = [
  strMethod('upper', [], (self) => self.toUpperCase()),
  strMethod('lower', [], (self) => self.toLowerCase()),
  strMethod('capitalize', [], capitalize),
  strMethod('title', [], title),
  strMethod('swapcase', [], swapCase),
  strMethod('casefold', [], caseFold),
  predicate('isalnum', classes.isAlnum),
  predicate('isalpha', classes.isAlpha),
  predicate('isascii', classes.isAscii),
  predicate('isdecimal', classes.isDecimal),
  predicate('isdigit', classes.isDigit),
  predicate('isidentifier', classes.isIdentifier),
  predicate('islower', classes.isLower),
  predicate('isnumeric', classes.isNumeric),
  predicate('isprintable', classes.isPrintable),
  predicate('isspace', classes.isSpace),
  predicate('istitle', classes.isTitle),
  predicate('isupper', classes.isUpper),
];
