import { builtin, Markup, truthy, type Builtin, type Runtime } from '../../values/index.ts';
import { integer } from '../arguments.ts';
import { valueError } from '../../errors.ts';

/** Words of the customary filler text. */
const WORDS =
  'a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit class commodo condimentum congue consectetuer consequat conubia convallis cras cubilia cum curabitur curae cursus dapibus diam dictum dolor donec dui duis egestas eget eleifend elementum elit enim erat eros est et etiam eu euismod facilisi fames faucibus felis fermentum feugiat fringilla fusce gravida habitant hac hendrerit iaculis id imperdiet in inceptos integer interdum ipsum justo lacinia lacus laoreet lectus leo libero ligula litora lobortis lorem luctus maecenas magna magnis malesuada massa mattis mauris metus mi molestie mollis montes morbi mus nam nascetur natoque nec neque netus nibh nisi nisl non nonummy nostra nulla nullam nunc odio orci ornare parturient pede pellentesque penatibus per pharetra phasellus placerat platea porta porttitor posuere potenti praesent pretium primis proin pulvinar purus quam quis quisque rhoncus ridiculus risus rutrum sagittis sapien scelerisque sed sem semper senectus sit sociis sodales sollicitudin suscipit tellus tempor tempus tincidunt torquent tortor tristique turpis ullamcorper ultrices ultricies urna ut varius vehicula vel velit venenatis vestibulum vitae vivamus viverra volutpat vulputate'.split(
    ' ',
  );

/** A random number from `low` up to, but not including, `high`. */
type Between = (low: number, high: number) => number;

const chanceOf =
  ({ random }: Runtime): Between =>
  (low, high) =>
    low + Math.floor(random() * (high - low));

function otherWord(last: string, between: Between): string {
  for (;;) {
    const word = WORDS[between(0, WORDS.length)] ?? '';
    if (word !== last) return word;
  }
}

/** Words with a comma every few and a full stop every dozen or so, which starts a sentence. */
function paragraph(size: number, between: Between): string {
  const words: string[] = [];
  let last = '';
  let comma = 0;
  let stop = 0;
  let startsSentence = true;
  for (let index = 0; index < size; index += 1) {
    last = otherWord(last, between);
    let word = startsSentence ? last.charAt(0).toUpperCase() + last.slice(1) : last;
    startsSentence = false;
    if (index - between(3, 8) > comma) {
      comma = index;
      stop += 2;
      word += ',';
    }
    if (index - between(10, 20) > stop) {
      comma = stop = index;
      word += '.';
      startsSentence = true;
    }
    words.push(word);
  }
  return `${words.join(' ').replace(/[,.]+$/, '')}.`;
}

const LONGEST_WORD = 16;

function lipsum(runtime: Runtime, count: number, html: boolean, min: number, max: number): string | Markup {
  if (max <= min) throw valueError(`empty range for randrange() (${min}, ${max}, ${max - min})`);
  runtime.checkSize(Math.max(count, 0) * Math.max(max, 0) * LONGEST_WORD, 'maxRepeat');
  const between = chanceOf(runtime);
  const paragraphs = Array.from({ length: Math.max(count, 0) }, () => paragraph(between(min, max), between));
  return html ? new Markup(paragraphs.map((text) => `<p>${text}</p>`).join('\n')) : paragraphs.join('\n\n');
}

/** `lipsum(n, html, min, max)`: `n` paragraphs of filler text of `min` to `max` words. */
export const lipsumGlobal: Builtin = builtin(
  'lipsum',
  [
    ['n', 5],
    ['html', true],
    ['min', 20],
    ['max', 100],
  ],
  (runtime, [count = 5, html = true, min = 20, max = 100]) =>
    lipsum(runtime, integer(count), truthy(html), integer(min), integer(max)),
);
