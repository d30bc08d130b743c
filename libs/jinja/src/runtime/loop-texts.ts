import { Tuple, type Value } from '../values/index.ts';
import type { Piece } from './pieces.ts';
import { isFixed } from './standing-still.ts';

/** What a body's text takes from where its item stands; equal for equal places. */
type Place = number | boolean;

/** An item and the text that the body gave for it. */
interface Entry {
  readonly item: Value;
  readonly position: Place;
  readonly size: Place;
  /** Not there yet while the body runs, and never if it fails. */
  text: string | undefined;
}

/** The texts of a fixed number of items in a row, put together. */
interface Run extends Piece {
  /** How many items it is of. */
  readonly length: number;
}

const runLength = 32;

/** Items that one loop remembers. */
const maxItems = 200_000;

/** How many items further on an item is looked for first: some before it may have gone. */
const lookahead = 8;

/** How many unknown items in a row are taken for new ones before they are looked for among all. */
const patience = 2;

/** The texts of one loop: those of the last render, and those of this one, which grow in the order of its items. */
export class LoopTexts {
  usedIn: number;
  private last: readonly Entry[] = [];
  private now: Entry[] = [];
  /** By where in `last` and `now` they begin, divided by their length. */
  private lastRuns: readonly (Run | undefined)[] = [];
  private nowRuns: (Run | undefined)[] = [];
  /** Where in `last` the next item is, as long as none came or went. */
  private at = 0;
  private misses = 0;
  private places: Map<Value, number> | null = null;

  constructor(
    readonly reads: readonly (Value | undefined)[],
    round: number,
  ) {
    this.usedIn = round;
  }

  /** A render may run a loop several times: they go on where the one before ended. */
  use(round: number): void {
    if (this.usedIn === round) return;
    this.usedIn = round;
    this.last = this.now;
    this.lastRuns = this.nowRuns;
    this.now = [];
    this.nowRuns = [];
    this.at = 0;
    this.misses = 0;
    this.places = null;
  }

  /** The texts of the next items at once, if all of them are known. `indexed`: their texts depend on their index. */
  run(items: readonly Value[], index: number, indexed: boolean): Run | null {
    const { last, at, now } = this;
    const end = at + runLength;
    if (at % runLength !== 0 || end > last.length || now.length + runLength > maxItems) return null;
    for (let next = at; next < end; next++) {
      const entry = last[next];
      if (entry === undefined || entry.item !== items[index + next - at] || entry.text === undefined) return null;
      if (indexed && entry.position !== index + next - at) return null;
    }
    const run = this.lastRuns[at / runLength] ?? joined(last, at, end);
    if (now.length % runLength === 0) this.nowRuns[now.length / runLength] = run;
    for (let next = at; next < end; next++) now.push(last[next] as Entry);
    this.at = end;
    this.misses = 0;
    return run;
  }

  /** The text of an item at a place; without one, where to put it, or null if it is not to be remembered. */
  find(item: Value, position: Place, size: Place): string | Entry | null {
    const known = this.entryOf(item);
    const fits = known?.text !== undefined && known.position === position && known.size === size;
    if (!fits && !isFixedItem(item)) return null;
    const entry = fits ? known : { item, position, size, text: undefined };
    if (this.now.length < maxItems) this.now.push(entry);
    return entry.text ?? entry;
  }

  private entryOf(item: Value): Entry | undefined {
    const { last, at } = this;
    for (let next = at; next < at + lookahead; next++) {
      const entry = last[next];
      if (entry !== undefined && sameItem(entry.item, item)) return this.goOn(next);
    }
    if (++this.misses <= patience) return undefined;
    this.places ??= new Map(last.map((entry, index) => [keyOf(entry.item), index]));
    const index = this.places.get(keyOf(item));
    const entry = index === undefined ? undefined : last[index];
    return index !== undefined && entry !== undefined && sameItem(entry.item, item) ? this.goOn(index) : undefined;
  }

  private goOn(index: number): Entry | undefined {
    this.at = index + 1;
    this.misses = 0;
    return this.last[index];
  }
}

function joined(entries: readonly Entry[], from: number, end: number): Run {
  let text = '';
  for (let next = from; next < end; next++) text += entries[next]?.text ?? '';
  return { text: whole(text), length: end - from };
}

export function keepText(entry: Entry | null, text: string): void {
  if (entry !== null) entry.text = whole(text);
}

/**
 * A text put together from many lies in memory as a tree of them until someone looks into it. Once now is cheaper than
 * in every render to come; the look has to matter, or it is optimised away.
 */
const whole = (text: string): string => (text.charCodeAt(0) === 0xffff ? text.slice() : text);

/** Tuples are made anew for every loop, over the items of a mapping for instance. */
const sameItem = (a: Value, b: Value): boolean =>
  Object.is(a, b) ||
  (a instanceof Tuple &&
    b instanceof Tuple &&
    a.items.length === b.items.length &&
    a.items.every((part, at) => Object.is(part, b.items[at])));

const isFixedItem = (item: Value): boolean => (item instanceof Tuple ? item.items.every(isFixed) : isFixed(item));

/** A part of a tuple tells it from most others; the rest is compared then. */
const keyOf = (item: Value): Value => (item instanceof Tuple ? (item.items.at(-1) ?? null) : item);
