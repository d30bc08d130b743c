/** Digraphs with a title case of their own, by their upper case. */
const DIGRAPHS: ReadonlyMap<string, string> = new Map([
  ['\u01c4', '\u01c5'],
  ['\u01c7', '\u01c8'],
  ['\u01ca', '\u01cb'],
  ['\u01f1', '\u01f2'],
]);
const IOTA = '\u0399';
const YPOGEGRAMMENI = '\u0345';
/** Letters whose case folding is not the lower case of their upper case: dotless i and Cherokee. */
const FOLDS_TO_ITSELF = /^[\u0131\u13a0-\u13f5]$/u;
const CHEROKEE_SMALL = /^[\u13f8-\u13fd\uab70-\uabbf]$/u;
const GEORGIAN = /^[\u10d0-\u10fa\u10fd-\u10ff]$/u;

/** Title case of one character (Unicode's full mapping). */
function titleCharacter(character: string): string {
  if (GEORGIAN.test(character)) return character;
  const upper = character.toUpperCase();
  const [first = '', ...rest] = [...upper];
  if (rest.length === 0) return DIGRAPHS.get(upper) ?? upper;
  if (rest.at(-1) !== IOTA) return first + rest.join('').toLowerCase();
  const title = first + rest.slice(0, -1).join('') + YPOGEGRAMMENI;
  return rest.length === 1 ? title.normalize('NFC') : title;
}

const CASED = /[\p{Lowercase}\p{Uppercase}\p{Lt}]/u;

/** Lower case of letters that follow a letter: a sigma at the end is a final one. */
const lowerInside = (run: string): string => `a${run}`.toLowerCase().slice(1);

/** `str.title()`: every run of cased letters starts in title case. */
export function title(text: string): string {
  let inside = false;
  let result = '';
  let run = '';
  for (const character of text) {
    const cased = CASED.test(character);
    if (inside && cased) run += character;
    else {
      result += lowerInside(run) + (inside ? character : titleCharacter(character));
      run = '';
    }
    inside = cased;
  }
  return result + lowerInside(run);
}

/** `str.capitalize()`: title case for the first character, lower case for the rest. */
export function capitalize(text: string): string {
  const [first] = text;
  return first === undefined ? '' : titleCharacter(first) + text.slice(first.length).toLowerCase();
}

/** `str.swapcase()`. */
export function swapCase(text: string): string {
  // A sigma's lower case depends on where it stands, so lower case is taken from the whole text where it lines up.
  const lowered = text.toLowerCase();
  const aligned = lowered.length === text.length;
  let result = '';
  let at = 0;
  for (const character of text) {
    const end = at + character.length;
    if (/\p{Uppercase}/u.test(character)) result += aligned ? lowered.slice(at, end) : character.toLowerCase();
    else result += /\p{Lowercase}/u.test(character) ? character.toUpperCase() : character;
    at = end;
  }
  return result;
}

function foldCharacter(character: string): string {
  if (FOLDS_TO_ITSELF.test(character)) return character;
  if (CHEROKEE_SMALL.test(character)) return character.toUpperCase();
  if (character === '\u1e9e') return 'ss';
  return [...character.toUpperCase()].map((each) => each.toLowerCase()).join('');
}

/** `str.casefold()`: Unicode's full case folding. */
export function caseFold(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text.toLowerCase();
  return [...text].map(foldCharacter).join('');
}
