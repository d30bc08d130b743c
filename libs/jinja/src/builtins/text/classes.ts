/**
 * Character classes of Python's `str`, by Unicode property (Python library reference, "String Methods").
 * Digits and numerals that have a numeric value but no such property in JavaScript are listed.
 */
const DIGIT =
  /^[\p{Nd}\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]+$/u;
const HAN_NUMERALS =
  '\u3405\u3483\u382a\u3b4d\u4e00\u4e03\u4e07\u4e09\u4e5d\u4e8c\u4e94\u4e96\u4ebf\u4ec0\u4edf\u4ee8\u4f0d\u4f70\u5104\u5146\u5169\u516b\u516d\u5341\u5343-\u5345\u534c\u53c1-\u53c4\u56db\u58f1\u58f9\u5e7a\u5efe\u5eff\u5f0c-\u5f0e\u5f10\u62fe\u634c\u67d2\u6f06\u7396\u767e\u8086\u842c\u8cae\u8cb3\u8d30\u9621\u9646\u964c\u9678\u96f6';
const NUMERIC = new RegExp(`^[\\p{N}${HAN_NUMERALS}]+$`, 'u');
const UNPRINTABLE = /[\p{C}\p{Z}]/u;

/** White space as `str.split()` and `str.strip()` see it; differs from `\s` in U+001C–U+001F, U+0085 and U+FEFF. */
export const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

export const isSpace = (text: string): boolean => new RegExp(`^[${SPACE}]+$`).test(text);
export const isDecimal = (text: string): boolean => /^\p{Nd}+$/u.test(text);
export const isDigit = (text: string): boolean => DIGIT.test(text);
export const isNumeric = (text: string): boolean => NUMERIC.test(text);
export const isAlpha = (text: string): boolean => /^\p{L}+$/u.test(text);
export const isAlnum = (text: string): boolean => /^[\p{L}\p{N}]+$/u.test(text);
export const isIdentifier = (text: string): boolean => /^[\p{XIDS}_]\p{XIDC}*$/u.test(text);

export const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);
export const isPrintable = (text: string): boolean => !UNPRINTABLE.test(text.replaceAll(' ', ''));
export const isLower = (text: string): boolean => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
export const isUpper = (text: string): boolean => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);

/** Upper case only at the start of a run of cased letters, lower case only inside one. */
export function isTitle(text: string): boolean {
  let previousCased = false;
  let seen = false;
  for (const character of text) {
    if (/[\p{Uppercase}\p{Lt}]/u.test(character)) {
      if (previousCased) return false;
      previousCased = seen = true;
    } else if (/\p{Lowercase}/u.test(character)) {
      if (!previousCased) return false;
      seen = true;
    } else previousCased = false;
  }
  return seen;
}
