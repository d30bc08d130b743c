import fc, { type Arbitrary } from 'fast-check';
import { either, many, maybe, nested, seq, word } from './fuzz-text.ts';

/** Expressions of a template, mostly of fitting types, so that most of them have a value. */
export interface Expressions {
  readonly any: Arbitrary<string>;
  readonly number: Arbitrary<string>;
  readonly text: Arbitrary<string>;
  readonly list: Arbitrary<string>;
  readonly dict: Arbitrary<string>;
  readonly truth: Arbitrary<string>;
}

const INTEGER = word('0 1 2 3 7 10 -1 -3 1_000 0x1f 255');
const SMALL = word('0 1 2 3 -1 -2');
const KEY = word('a b name port k1 80 tags zz');
const STRING = fc.constantFrom(
  ...[
    "''",
    "'a'",
    '"b c"',
    "'Hello World'",
    "'a,b,,c'",
    "'  pad '",
    "'<b>&\\'x\\''",
    "'x\\ty\\nz'",
    "'é😀'",
    "'web-01'",
    "'10.0.0.1'",
    "'80'",
    "'3.5'",
    "'name'",
    "'aAbB'",
    "'Stats\\ Page'",
    "'%'",
    "'{}'",
  ],
);
const DEPTH = fc.createDepthIdentifier();
const COMPARISON = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');

const numberLeaf = either(INTEGER, word('i j x 0.5 2.0 1e3 1.5e-7 loop.index 9007199254740993 18014398509481987'));
const textLeaf = either(STRING, word('s u w item'));
const listLeaf = word('l m words users [] [1,2,3] el range(4)');
const dictLeaf = word("d e users[0] {} {'a':1} {'b':'x','a':none}");
const truthLeaf = word('true false b b b');
const anyLeaf = either(
  numberLeaf,
  textLeaf,
  listLeaf,
  dictLeaf,
  truthLeaf,
  word('none nil zz d.zz item k v a t item k'),
);

const call = (name: Part, ...args: Part[]): Arbitrary<string> =>
  seq('.', name, '(', ...args.flatMap((arg, index) => (index === 0 ? [arg] : [', ', arg])), ')');
type Part = string | Arbitrary<string>;

/** Methods of str that give text, with their call. */
function textMethods(text: Part, list: Part): Arbitrary<string> {
  return either(
    call(word('upper lower title capitalize swapcase strip lstrip rstrip casefold')),
    call(word('strip lstrip rstrip removeprefix removesuffix'), text),
    call('replace', text, text),
    call('replace', text, text, SMALL),
    call(word('center ljust rjust'), word('0 3 8'), maybe("'*'")).map((code) => code.replace(', )', ')')),
    call('zfill', word('0 4 9')),
    call('format', text, list),
    call('translate', word("{97:'Z'} {104:none,101:'3'} {}")),
    seq('.encode().decode()'),
    seq('.splitlines(', word('true false'), ")|join('|')"),
    seq(".rpartition('", word(', a -'), "')|join('+')"),
    call('join', list),
    call('expandtabs', word('0 4')),
    seq(".partition('", word(', a -'), "')[", SMALL, ']'),
  );
}

const textFilter = (text: Part): Arbitrary<string> =>
  either(
    seq(
      '|',
      word(
        'upper lower title capitalize trim string e escape safe forceescape striptags urlencode first last urlize d',
      ),
    ),
    seq('|replace(', text, ', ', text, maybe(seq(', ', SMALL)), ')'),
    seq('|truncate(', word('3 5 9'), maybe(', true'), maybe(", end='!'"), maybe(', leeway=0'), ')'),
    seq('|indent', maybe(seq('(', word("2 '>_' 0"), maybe(', true'), maybe(', blank=true'), ')'))),
    seq('|wordwrap(', word('2 5'), ')'),
    seq('|center(', word('3 12'), ')'),
    seq("|trim('", word('a x b'), "')"),
    seq('|indent(width=', word('0 1 3'), ', first=', word('true false'), ', blank=', word('true false'), ')'),
    seq('|wordwrap(', word('1 4 7'), ", break_long_words=false, wrapstring='/')"),
    seq('|wordwrap(', word('3 6'), ', break_on_hyphens=false)'),
    seq('|truncate(length=', word('1 4 6'), ', killwords=', word('true false'), ", end='', leeway=", word('0 2'), ')'),
    seq('|urlize(', word('5 20'), ", nofollow=true, target='_top', rel='x'", ')'),
    seq('|replace(old=', text, ", new='-', count=", SMALL, ')'),
    '|pprint',
    '|reverse',
  );

const percentFormat = (any: Part, number: Part, dict: Part): Arbitrary<string> =>
  either(
    seq("('%", word('s r 5s -5s .2s'), "' % (", any, ',))'),
    seq("('%", word('d 05d x +d .2f f g e 8.3f c s'), "' % ", number, ')'),
    seq("('%s:%s' % (", any, ', ', any, '))'),
    seq("('%-*s|' % (", SMALL, ', ', any, '))'),
    seq("('%(a)s/%(b)05d' % {'a': ", any, ", 'b': ", number, '})'),
    seq("('%", word('+.3e #x #o X i u % -8s| 08.2f G .0f'), "' % ", number, ')'),
    seq("('%(", KEY, ")s' % ", dict, ')'),
    seq("('%s-%d'|format(", any, ', ', number, '))'),
  );

const strFormat = (any: Part, number: Part): Arbitrary<string> =>
  either(
    seq("'", word('{} {0} {!r} {:>6} {:<6} {:^7} {!s:*^9}'), "'.format(", any, ')'),
    seq("'", word('{:d} {:05d} {:x} {:.2f} {:,} {:e} {:g} {:+} {:%} {:08.3f} {:b}'), "'.format(", number, ')'),
    seq("'{a} {b}'.format(a=", any, ', b=', any, ')'),
    seq("'", word('{0[0]} {0[1]!r} {0[a]} {0[name]:>9} {0:{1}} {:>{}}'), "'.format(", any, ', ', SMALL, ')'),
    seq(
      "'",
      word('{:<+8.1f} {:=08d} {:#o} {:#b} {:_} {:,.2f} {:^12} {:X} {:G} {:.0%} {:.3} {:c}'),
      "'.format(",
      number,
      ')',
    ),
  );

const test = (any: Part, number: Part, list: Part): Arbitrary<string> =>
  seq(
    word('is is_not').map((text) => text.replace('_', ' ')),
    ' ',
    either(
      word(
        'defined undefined none string number mapping sequence iterable callable boolean integer float true false lower upper escaped',
      ),
      word('odd even'),
      seq('divisibleby ', word('2 3')),
      seq(word('eq ne equalto'), '(', any, ')'),
      seq(word('gt lt ge le'), '(', number, ')'),
      seq('in(', list, ')'),
      seq('sameas(', any, ')'),
      seq('divisibleby(num=', word('1 3'), ')'),
      seq(word('greaterthan lessthan == != < >='), ' ', number),
      word('filter test'),
    ),
  );

/** Ways from a list to a list. */
const listFilter = (any: Part, number: Part, list: Part): Arbitrary<string> =>
  either(
    '|list',
    '|reverse|list',
    '|first|list',
    '|map|list',
    seq("|map('", word('upper title trim'), "')|map('replace', 'A', 'b')|list"),
    seq("|map('join', '", word('- ,'), "')|list"),
    seq("|map('round', ", word('0 1'), ", method='", word('floor common'), "')|list"),
    seq('|map(attribute=', word('0 1 -1'), ')|list'),
    seq("|map(attribute='", KEY, '.', KEY, "')|list"),
    seq("|select('divisibleby', ", word('2 3'), ')|list'),
    seq(
      '|',
      word('select reject'),
      "('",
      word('mapping sequence iterable lower upper boolean integer float'),
      "')|list",
    ),
    seq('|rejectattr(', "'", KEY, "', 'in', ", list, ')|list'),
    seq("|selectattr('", KEY, '.', KEY, "')|list"),
    seq("|groupby('", KEY, "', case_sensitive=true)|map(attribute='list')|list"),
    seq("|groupby('", KEY, "')|map('first')|list"),
    seq("|unique(attribute='", KEY, "')|list"),
    seq('|sort(reverse=true, case_sensitive=', word('true false'), ", attribute='", KEY, "')"),
    "|slice(2)|map('list')|list",
    seq('|sort', maybe(word("(true) (reverse=true) (case_sensitive=true) (attribute='name') (attribute='port,name')"))),
    seq('|unique', maybe(word("(true) (attribute='port')")), '|list'),
    seq("|map('", word('upper string int float length first trim abs'), "')|list"),
    seq("|map(attribute='", KEY, "'", maybe(", default='-'"), ')|list'),
    seq("|map('default', ", any, ')|list'),
    seq(
      '|',
      word('select reject'),
      maybe(
        seq(
          "('",
          word('odd even string defined none number mapping truthy').map((name) => name.replace('truthy', 'true')),
          "')",
        ),
      ),
      '|list',
    ),
    seq('|', word('select reject'), "('", word('gt lt eq ne in'), "', ", number, ')|list'),
    seq(
      '|',
      word('selectattr rejectattr'),
      "('",
      KEY,
      "'",
      maybe(either(seq(", '", word('defined none string'), "'"), seq(", 'equalto', ", any))),
      ')|list',
    ),
    seq('|batch(', word('1 2 3'), maybe(", '-'"), ')|list'),
    seq('|slice(', word('1 2 3'), maybe(", '-'"), ')|list'),
    seq("|groupby('", KEY, "'", maybe(", default='q'"), ')'),
  );

/** An operand that a `.`, a `[` or a call may follow. */
const atom = (leaf: Arbitrary<string>, whole: Arbitrary<string>): Arbitrary<string> =>
  either(leaf, seq('(', whole, ')'));

export const expressions: Expressions = fc.letrec<{
  any: string;
  number: string;
  text: string;
  list: string;
  dict: string;
  truth: string;
}>((tie) => {
  const any = tie('any');
  const number = tie('number');
  const text = tie('text');
  const list = tie('list');
  const dict = tie('dict');
  const truth = tie('truth');
  const textAtom = atom(textLeaf, text);
  const listAtom = atom(listLeaf, list);
  const dictAtom = atom(dictLeaf, dict);
  return {
    number: nested(
      DEPTH,
      numberLeaf,
      seq(
        number,
        word(' + - * / // %').map((operator) => (operator === '' ? ' + ' : ` ${operator} `)),
        number,
      ),
      seq('(', number, ' ', word('+ - * / // %'), ' ', number, ')'),
      seq(number, ' ** ', word('0 1 2 3')),
      seq('(', number, '|abs) ** ', word('0.5 2.0 -1')),
      seq(word('- +'), number),
      seq('(', number, ' ', word('// % **'), ' ', SMALL, ')'),
      seq('(', number, ').', word('real imag numerator denominator')),
      seq('(', text, '|int(default=', number, ', base=', word('2 8 10 16 36 0'), '))'),
      seq('(', any, '|float(default=', number, '))'),
      seq(list, '|', word('max min'), "(attribute='", KEY, "')"),
      seq(list, '|sum(start=', number, ')'),
      seq(text, '|wordcount'),
      seq('(', textAtom, call(word('find rfind count'), text, SMALL, SMALL), ')'),
      seq(either(text, list, dict, any), '|', word('length count')),
      seq(any, '|', word('int float abs')),
      seq(any, '|int(', number, ')'),
      seq(number, '|round', maybe(seq('(', word('0 1 2 -1'), maybe(seq(", '", word('common ceil floor'), "'")), ')'))),
      seq(list, '|', word('sum min max first last')),
      seq(list, "|sum(attribute='", KEY, "')"),
      seq(textAtom, call(word('find rfind count index'), text)),
      seq(listAtom, '.', word('index count'), '(', any, ')'),
      seq('(', number, ' if ', truth, ' else ', number, ')'),
      seq('(', number, ').', word('bit_length() is_integer() conjugate()')),
    ),
    text: nested(
      DEPTH,
      textLeaf,
      seq(textAtom, textMethods(text, list)),
      seq(text, textFilter(text)),
      seq(text, ' ~ ', any),
      seq('(', text, ' + ', text, ')'),
      seq('(', text, ' * ', word('0 1 2 3'), ')'),
      seq(textAtom, '[', SMALL, ']'),
      seq(textAtom, '[', maybe(SMALL), ':', maybe(SMALL), maybe(seq(':', word('1 2 -1'))), ']'),
      seq(list, '|join', maybe(seq('(', text, ')'))),
      seq(list, "|join(', ', attribute='", KEY, "')"),
      percentFormat(any, number, dict),
      strFormat(any, number),
      seq(any, '|default(', text, maybe(', true'), ')'),
      seq(any, '|string'),
      seq(either(any, dict, list), '|tojson', maybe(word('(2) (indent=0) (none)'))),
      seq(either(any, dict, list), '|pprint'),
      seq(number, '|filesizeformat(true)'),
      seq(either(dict, list), '|urlencode'),
      seq('(', text, word('< > <= =='), text, ')|string'),
      seq(any, ' ~ ', any, ' ~ ', any),
      seq('cycler(', text, ', ', text, ').next()'),
      seq('(', text, '|e ~ ', text, ')'),
      seq('(', text, '|safe ', word('+ ~'), ' ', text, ')'),
      seq('(', text, '|safe)', textMethods(text, list)),
      seq('(', text, '|safe)|', word('upper title replace("a","<") indent join("<") list first string')),
      seq("('<%s>'|safe) % (", any, ')'),
      seq("('<{}>'|safe).format(", any, ')'),
      seq(number, '|filesizeformat'),
      seq(dict, '|xmlattr'),
      seq('(', text, ' if ', truth, ')'),
    ),
    list: nested(
      DEPTH,
      listLeaf,
      seq('[', many(any, ', '), ']'),
      seq('(', any, ', ', any, ')'),
      seq(list, listFilter(any, number, list)),
      seq(listAtom, '[', SMALL, ':', maybe(SMALL), maybe(seq(':', word('1 2 -1'))), ']'),
      seq('(', list, ' + ', list, ')'),
      seq('(', list, ' * ', word('0 1 2 -1'), ')'),
      seq(listAtom, '[', maybe(SMALL), ':', maybe(SMALL), ':', word('2 -2 -1'), ']'),
      seq(listAtom, '.copy()'),
      seq('[', list, ', ', list, ']|sum(start=[])'),
      seq('(', any, ',)'),
      seq('range(', SMALL, ', ', SMALL, ', ', word('1 2 -1 -2'), ')|list'),
      seq(textAtom, word(".partition('a') .rpartition(',') .split(maxsplit=1) .rsplit(maxsplit=1) .splitlines(true)")),
      seq('range(', word('0 2 5'), maybe(seq(', ', word('3 7'))), ')', maybe('|list')),
      seq(textAtom, call(word('split rsplit splitlines'))),
      seq(textAtom, call(word('split rsplit'), text, SMALL)),
      seq(
        dictAtom,
        either(
          '.keys()|list',
          '.values()|list',
          '.items()|list',
          '|dictsort',
          "|dictsort(by='value')",
          '|dictsort(true, reverse=true)',
          '|items|list',
          '|list',
        ),
      ),
      seq(text, '|list'),
    ),
    dict: nested(
      DEPTH,
      dictLeaf,
      seq('{', many(seq(either(STRING, INTEGER), ': ', any), ', '), '}'),
      seq('dict(a=', any, ', b=', any, ')'),
      seq('dict(', dict, ', zz=', any, ')'),
      seq(dictAtom, '.copy()'),
      seq('dict(', dictAtom, '.items())'),
      seq('dict([(', any, ', ', any, ')])'),
      seq("dict(**{'q': ", any, '})'),
      seq('{', any, ': ', any, '}'),
    ),
    truth: nested(
      DEPTH,
      truthLeaf,
      seq(any, ' ', COMPARISON, ' ', any),
      seq(number, ' ', COMPARISON, ' ', number),
      seq(number, ' ', COMPARISON, ' ', number, ' ', COMPARISON, ' ', number),
      seq(
        text,
        ' ',
        word('in not_in').map((operator) => operator.replace('_', ' ')),
        ' ',
        text,
      ),
      seq(
        any,
        ' ',
        word('in not_in').map((operator) => operator.replace('_', ' ')),
        ' ',
        either(list, dict),
      ),
      seq('not ', any),
      seq(
        any,
        ' ',
        word('in not_in').map((operator) => operator.replace('_', ' ')),
        ' ',
        either(list, dict),
        ' ',
        COMPARISON,
        ' ',
        any,
      ),
      seq(list, ' ', COMPARISON, ' ', list),
      seq(dict, ' ', word('== !='), ' ', dict),
      seq('(', any, ') is not ', word('defined none string number mapping')),
      seq(any, ' ', word('and or'), ' ', any),
      seq('(', truth, ' ', word('and or'), ' ', truth, ')'),
      seq(any, ' ', test(any, number, list)),
      seq(textAtom, '.', word('isdigit isalpha isalnum islower isupper isspace istitle'), '()'),
      seq(textAtom, call(word('startswith endswith'), text)),
    ),
    any: nested(
      DEPTH,
      anyLeaf,
      number,
      text,
      list,
      dict,
      truth,
      seq('(', any, ')'),
      seq(dictAtom, '.', KEY),
      seq(dictAtom, "['", KEY, "']"),
      seq(dictAtom, ".get('", KEY, "'", maybe(seq(', ', any)), ')'),
      seq(listAtom, '[', SMALL, ']'),
      seq(list, '|', word('first last min max')),
      seq(any, '|default(', any, maybe(', true'), ')'),
      seq(any, " |attr('", KEY, "')"),
      seq(any, ' or ', any),
      seq(dictAtom, word('.items() .keys() .values()')),
      seq(dictAtom, ".pop('", KEY, "'", maybe(seq(', ', any)), ')'),
      seq(dictAtom, ".setdefault('", KEY, "', ", any, ')'),
      seq(listAtom, word('.pop() .pop(0) .pop(-1) .reverse() .sort() .clear()')),
      seq('namespace(a=', any, ').', KEY),
      seq(any, '[', any, ']'),
      seq(any, ' if ', truth, ' else ', any, ' if ', truth),
      seq(anyLeaf, '.', KEY, '.', KEY),
      seq(any, ' and ', any),
      seq('(', any, ' if ', truth, maybe(seq(' else ', any)), ')'),
      seq(any, ' ', word('~ ~ ~ + *'), ' ', any),
    ),
  };
});
