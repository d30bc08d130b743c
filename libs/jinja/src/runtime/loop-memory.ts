import type { Value } from '../values/index.ts';
import { LoopTexts } from './loop-texts.ts';
import { standingStill } from './standing-still.ts';
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

const sameParts = (a: readonly (Value | undefined)[], b: readonly (Value | undefined)[]): boolean =>
  a.length === b.length && a.every((part, at) => Object.is(part, b[at]));
