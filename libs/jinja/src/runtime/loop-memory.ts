import { Tuple, type Value } from '../values/index.ts';
import { isFixed, standingStill } from './standing-still.ts';
import type { RunnableTemplate } from './template.ts';

/**
 * The texts that loop bodies gave, kept from one render to the next: a body that would read the same as before is not
 * run again. Hand the same memory to every render of one template.
 *
 * Objects are told apart by identity. A frozen object in the context counts as frozen throughout; of objects that are
 * not frozen nothing is remembered.
 */
export class LoopMemory {
  private readonly templates = new WeakMap<RunnableTemplate, Map<number, LoopTexts[]>>();
  private round = 0;

  /** Begins a render: what the one before did not use is forgotten as its loops are met again. */
  begin(): void {
    this.round++;
  }

  /** The texts of a loop for what it reads now; null when they cannot be told from others. */
  open(template: RunnableTemplate, loop: number, reads: readonly (Value | undefined)[]): LoopTexts | null {
    const parts = standingStill(reads);
    if (parts === null) return null;
    const { round } = this;
    let loops = this.templates.get(template);
    if (loops === undefined) this.templates.set(template, (loops = new Map<number, LoopTexts[]>()));
    const kept = (loops.get(loop) ?? []).filter(({ usedIn }) => usedIn >= round - 1);
    const found = kept.find((texts) => sameParts(texts.reads, parts));
    if (found !== undefined) found.use(round);
    else if (kept.filter(({ usedIn }) => usedIn === round).length >= maxVariants) return null;
    const texts = found ?? new LoopTexts(parts, round);
    loops.set(loop, found === undefined ? [...kept, texts] : kept);
    return texts;
  }
}

/** A loop that is run over and over in one render, each time reading something else, is not worth remembering. */
const maxVariants = 8;

/** Items that one loop remembers. */
const maxItems = 200_000;

const sameParts = (a: readonly (Value | undefined)[], b: readonly (Value | undefined)[]): boolean =>
  a.length === b.length && a.every((part, at) => Object.is(part, b[at]));

/** What a body's text takes from where its item stands; equal for equal places. */
type Place = number | boolean;

/** Where a body's text is put when it is there. */
interface Entry {
  readonly item: Value;
  readonly position: Place;
  readonly size: Place;
  /** Not there yet while the body runs, and never if it fails. */
  text: string | undefined;
}

/** The texts of one loop: those of the last render, and those of this one, which grow in the order of its items. */
export class LoopTexts {
  usedIn: number;
  private last: readonly Entry[] = [];
  private now: Entry[] = [];
  /** Where in `last` the next item is, as long as none came or went. */
  private at = 0;
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
    this.now = [];
    this.at = 0;
    this.places = null;
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
    // One item that changed, or went, lets the next one follow.
    for (let next = at; next < at + 2; next++) {
      const entry = last[next];
      if (entry !== undefined && sameItem(entry.item, item)) {
        this.at = next + 1;
        return entry;
      }
    }
    this.places ??= new Map(last.map((entry, index) => [keyOf(entry.item), index]));
    const index = this.places.get(keyOf(item));
    const entry = index === undefined ? undefined : last[index];
    if (index === undefined || entry === undefined || !sameItem(entry.item, item)) return undefined;
    this.at = index + 1;
    return entry;
  }
}

export function keepText(entry: Entry | null, text: string): void {
  if (entry !== null) entry.text = text;
}

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
