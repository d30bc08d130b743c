import { describe, expect, it } from 'vitest';
import { splitWords } from '../../src/model/words.ts';

const texts = (line: string) => {
  const split = splitWords(line);
  return split.kind === 'words' ? split.words.map(({ text }) => text) : split.kind;
};

describe('splitWords', () => {
  it.each([
    ['  server  a\t1.1.1.1:80 check\n', ['server', 'a', '1.1.1.1:80', 'check']],
    ['# only a comment\n', []],
    ['a b#c d\n', ['a', 'b']],
    ['a \\# b\n', ['a', '#', 'b']],
    ['a "b # c" d', ['a', 'b # c', 'd']],
    ["a 'b \\ \" c'd", ['a', 'b \\ " cd']],
    ['a b\\ c', ['a', 'b c']],
    ['log-format %{+Q}o\\ %t', ['log-format', '%{+Q}o %t']],
    ['a "" b', ['a', '', 'b']],
    ['a \\x41\\t"\\x42\\"" \\d', ['a', 'A\tB"', '\\d']],
    ['a b\r\n', ['a', 'b']],
    ['a ^/price\\$ "\\$"', ['a', '^/price\\$', '$']],
    ['a \\\tb \\', ['a', '\\', 'b', '\\']],
    ['a\vb\fc \rd\re', ['a', 'b', 'c', 'd']],
    ['a b\u00a0c', ['a', 'b\u00a0c']],
  ])('reads %j as HAProxy does', (line, words) => {
    expect(texts(line)).toEqual(words);
  });

  it.each(['a "b', "a 'b", 'a "b\rc"', 'a \\x4'])('calls %j broken', (line) => {
    expect(texts(line)).toBe('broken');
  });

  it('marks words with a byte that is no character of its own', () => {
    const split = splitWords('a \\xe9 \\x00 \\x41');
    expect(split.kind === 'words' && split.words.map(({ opaque }) => opaque)).toEqual([false, true, true, false]);
  });

  it('marks words that come from the environment', () => {
    const opaque = (line: string) => {
      const split = splitWords(line);
      return split.kind === 'words' && split.words.map((word) => word.opaque);
    };
    expect(opaque('a "$X" "${Y}z" $Z \'$W\' "\\$V"')).toEqual([false, true, true, false, false, false]);
  });
});
