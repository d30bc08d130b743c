import type { FleetName } from '../brands.ts';
import { missingField } from '../fleet-hold.ts';
import { type InputField, type Provenance, inputField, parseInputField } from '../inputs.ts';
import { formatObjectKey } from '../object-key.ts';
import type { Problem } from '../problem.ts';
import type { Source, SourcePosition } from '../source.ts';
import type { FieldRecord } from './field-record.ts';
import type { MissingClock } from './missing-clock.ts';
import type { WrittenProjection } from './projection.ts';
import { type Entry, type Verdict, keeps, unreadable } from './verdict.ts';

/** A fleet's inputs as they were written last, by whoever led, and the source's position that they stand at. */
export interface WrittenInputs {
  readonly fields: ReadonlyMap<InputField, string>;
  readonly position: SourcePosition;
}

/** What one fleet's entries share with the rest of the fleet. */
export interface EntriesSurroundings {
  readonly fleet: FleetName;
  readonly record: FieldRecord;
  readonly missing: MissingClock;
  readonly comesBefore: Source['comesBefore'];
  /** Whether something of the fleet names the entry. */
  readonly isNamed: (name: string) => boolean;
  /** An entry is in force from now on, or none of that name. */
  readonly onEntry: (name: string, entry: Entry | undefined) => void;
}

/**
 * One fleet's entries of one projection. Verdicts on its objects come in. The fields themselves are the last good values:
 * what a verdict keeps is simply not touched.
 */
export class WrittenEntries {
  readonly projection: WrittenProjection;
  /** Of the objects that it reads. */
  readonly paths: readonly string[];
  readonly #read: ReturnType<WrittenProjection['createReader']>;
  readonly #surroundings: EntriesSurroundings;
  /** Names of the entries that are in force. */
  readonly #names = new Set<string>();
  /** The source's position at which an entry was last seen good, or gone. */
  #seen = new Map<string, SourcePosition>();
  /** Until the objects were looked at, nothing of them is touched. */
  #verdict = unreadable();

  constructor(projection: WrittenProjection, surroundings: EntriesSurroundings) {
    this.projection = projection;
    this.#surroundings = surroundings;
    const namespace = surroundings.fleet;
    this.paths = projection.objects.map((object) => formatObjectKey({ ...object, namespace }));
    this.#read = projection.createReader(this.paths);
  }

  /** What the objects say now. */
  get verdict(): Verdict {
    return this.#verdict;
  }

  /** Takes the texts of the objects; nothing changes until `apply`. */
  judge(texts: readonly (string | undefined)[]): void {
    this.#verdict = this.#read(texts);
  }

  /** The paths of the objects, when there are values of them. */
  get had(): readonly string[] {
    return this.#names.size > 0 ? this.paths : [];
  }

  /** Changes every entry that is good or gone; one that is kept is left as it is. */
  apply(cause: Provenance): void {
    const { good } = this.#verdict;
    const isGone = (name: string): boolean => !good.has(name) && !keeps(this.#verdict, name);
    const gone = this.projection.whenDeleted === 'each' ? [] : [...this.#names].filter(isGone);
    for (const [name, entry] of [...gone.map((name) => [name, undefined] as const), ...good]) {
      this.#seen.set(name, cause.position);
      this.#set(name, entry, cause);
    }
    this.keepTime(cause);
  }

  /**
   * Goes on from what was written for the fleet: what stands in for an entry that cannot be used is what stood in for it
   * there, or nothing where it had nothing. Only what this process saw itself after that was written is newer.
   */
  adopt({ fields, position }: WrittenInputs, cause: Provenance): void {
    const { whenDeleted } = this.projection;
    const { comesBefore } = this.#surroundings;
    const serveOn = whenDeleted === 'each';
    for (const name of new Set([...this.#names, ...this.#namesIn(fields)])) {
      const seen = this.#seen.get(name);
      if (this.#verdict.good.has(name) || (seen !== undefined && comesBefore(position, seen))) continue;
      const isKept = keeps(this.#verdict, name);
      if (isKept || serveOn) this.#set(name, this.#entryIn(fields, name), cause);
      if (serveOn && !isKept) this.#adoptNote(this.#note(name), fields, cause);
    }
    if (whenDeleted === 'together' && this.#verdict.kept === 'missing') this.#adoptNote(this.#note(), fields, cause);
  }

  /** The fleet's fields are now what was written for it, as it is. */
  adoptWhole(fields: ReadonlyMap<InputField, string>): void {
    const before = [...this.#names];
    this.#names.clear();
    for (const name of before) this.#surroundings.onEntry(name, undefined);
    for (const name of this.#namesIn(fields)) {
      this.#names.add(name);
      this.#surroundings.onEntry(name, this.#entryIn(fields, name));
    }
  }

  /** The fields that stand in for entries that are there and cannot be used. */
  get keptFields(): InputField[] {
    const names = [...this.#names].filter((name) => keeps(this.#verdict, name));
    return this.projection.parts.flatMap((part) => names.map((name) => inputField(part, name)));
  }

  /** Entries of which one of these fields was replaced are now what the fleet's fields say. */
  fallBack(replaced: Iterable<InputField>, fields: ReadonlyMap<InputField, string>, cause: Provenance): void {
    const of = [...replaced].map(parseInputField).filter(({ part }) => this.projection.parts.includes(part));
    for (const name of new Set(of.flatMap(({ names }) => names))) this.#set(name, this.#entryIn(fields, name), cause);
    this.keepTime(cause);
  }

  /** An entry goes now, or all of them. */
  letGo(name: string | undefined, cause: Provenance): void {
    for (const each of name === undefined ? [...this.#names] : [name]) this.#set(each, undefined, cause);
  }

  /** What was seen before is no longer comparable with what was written: the store is another one, or was set back. */
  forgetPositions(): void {
    this.#seen = new Map();
  }

  /** Counts whatever is missing and serves on, and nothing else. */
  keepTime(cause: Provenance): void {
    const { missing, isNamed } = this.#surroundings;
    const isKept = (name: string): boolean => this.#verdict.good.has(name) || keeps(this.#verdict, name);
    const absent =
      this.projection.whenDeleted === 'each'
        ? [...this.#names].filter((name) => !isKept(name)).map((name) => [this.#note(name), isNamed(name)] as const)
        : this.projection.whenDeleted === 'together' && this.#verdict.kept === 'missing' && this.#names.size > 0
          ? [[this.#note(), false] as const]
          : [];
    const fields = new Set(absent.map(([field]) => field));
    for (const [field] of this.#notes()) if (!fields.has(field)) missing.end(field, cause);
    for (const [field, named] of absent) missing.begin(field, named, cause);
  }

  /** Problems of the objects, each with what serves in place of what is set aside, and until when where that ends. */
  problems(): Problem[] {
    const { missing, record } = this.#surroundings;
    const told = this.#verdict.problems.map((problem) => this.#withWhatServes(problem));
    const names = new Set(told.map(({ key }) => key));
    const [object = ''] = this.paths;
    const { parts, goneReason } = this.projection;
    // An entry of which nothing is left is no entry of any object any more.
    for (const [field, since] of this.#notes()) {
      const [, name] = parseInputField(field).names;
      // During a hold an entry may be back that is not in force yet.
      if (name === undefined || names.has(name) || this.#verdict.good.has(name)) continue;
      if (record.get(inputField(parts[0], name)) === undefined) continue;
      const reason = goneReason?.(this.paths) ?? 'it was deleted';
      told.push({ object, key: name, code: 'missing', reason, serves: 'last-good', until: missing.until(since) });
    }
    return told;
  }

  #withWhatServes(problem: Problem): Problem {
    const { missing, record } = this.#surroundings;
    const { key } = problem;
    const isServed =
      key === undefined
        ? this.had.includes(problem.object)
        : record.get(inputField(this.projection.parts[0], key)) !== undefined;
    const since = isServed ? missing.get(this.#note(...(key === undefined ? [] : [key]))) : undefined;
    return {
      ...problem,
      serves: isServed ? 'last-good' : 'nothing',
      ...(since && { until: missing.until(since) }),
    };
  }

  #note(...name: string[]): InputField {
    return missingField(this.projection.parts[0], ...name);
  }

  #notes() {
    const own = this.#note();
    return this.#surroundings.missing.entries().filter(([field]) => field === own || field.startsWith(`${own}/`));
  }

  #adoptNote(note: InputField, fields: ReadonlyMap<InputField, string>, cause: Provenance): void {
    if (fields.has(note)) this.#surroundings.missing.adopt(note, fields.get(note), cause);
  }

  #namesIn(fields: ReadonlyMap<InputField, string>): string[] {
    return [...fields.keys()].flatMap((field) => {
      const { part, names } = parseInputField(field);
      return part === this.projection.parts[0] ? names : [];
    });
  }

  /** The usable entry of that name among the fields. */
  #entryIn(fields: ReadonlyMap<InputField, string>, name: string): Entry | undefined {
    const texts = this.projection.parts.map((part) => fields.get(inputField(part, name)));
    const entry = texts.filter((text) => text !== undefined);
    return entry.length === texts.length && this.projection.isUsable(name, entry) ? entry : undefined;
  }

  #set(name: string, entry: Entry | undefined, cause: Provenance): void {
    const { record, onEntry } = this.#surroundings;
    for (const [at, part] of this.projection.parts.entries()) record.set(inputField(part, name), entry?.[at], cause);
    if (entry) this.#names.add(name);
    else this.#names.delete(name);
    onEntry(name, entry);
  }
}
