import {
  type FieldChanges,
  type InputField,
  type InputsPosition,
  type Provenance,
  formatProblem,
  inputField,
  maxListedChanges,
  parseInputField,
  parseProblem,
} from '@flotilla/domain';
import type { InputsReader, InputsUpdate } from '@flotilla/inputs';

/** Where the inputs stand after a read, and what it brought. */
export interface InputsRead {
  readonly position: InputsPosition;
  readonly changes: FieldChanges;
}

/** A fleet's inputs as this process knows them, kept up by reading only what changed. */
export class FleetInputs {
  readonly fields = new Map<InputField, string>();
  readonly #reader: InputsReader;
  readonly #certificates = new Set<string>();
  readonly #problems = new Map<InputField, string>();
  /** What changed since the last render that came to an end, newest first. */
  #provenance: readonly Provenance[] = [];
  #position: InputsPosition | undefined;
  #changeCount = 0;

  constructor(reader: InputsReader) {
    this.#reader = reader;
  }

  /** Brings the inputs up to date. Throws what the reader throws; the inputs are then as they were. */
  async read(): Promise<InputsRead> {
    const update = await this.#reader.read();
    const changes = this.#changesIn(update);
    for (const [field, value] of changes) this.#set(field, value);
    this.#provenance = [...update.provenance, ...this.#provenance].slice(0, maxListedChanges);
    this.#changeCount += update.changeCount;
    const { epoch, revision } = update;
    this.#position = { epoch, revision };
    return { position: this.#position, changes };
  }

  /** Where they stood at the last read. */
  get position(): InputsPosition | undefined {
    return this.#position;
  }

  /** A full read says what is there; what it does not name is gone. */
  #changesIn({ mode, changes }: InputsUpdate): FieldChanges {
    if (mode === 'delta') return changes;
    const gone = [...this.fields.keys()].filter((field) => !changes.has(field));
    return new Map([...gone.map((field) => [field, null] as const), ...changes]);
  }

  #set(field: InputField, value: string | null): void {
    if (value === null) this.fields.delete(field);
    else this.fields.set(field, value);
    const { part, names } = parseInputField(field);
    const [name = ''] = names;
    if (part === 'problem') {
      if (value === null) this.#problems.delete(field);
      else this.#problems.set(field, wordsOf(value));
    } else if (part === 'certificate') {
      if (value === null) this.#certificates.delete(name);
      else this.#certificates.add(name);
    }
  }

  /** Names of the certificates that have both parts, sorted. */
  certificates(): string[] {
    return [...this.#certificates].filter((name) => this.fields.has(inputField('key', name))).sort();
  }

  /** Entries that were set aside, in words, in the order of their fields. */
  problems(): string[] {
    return [...this.#problems].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, words]) => words);
  }

  /** What the next result tells of its causes. */
  causes(): { changes: readonly Provenance[]; changeCount: number } {
    return { changes: this.#provenance, changeCount: Math.max(this.#changeCount, this.#provenance.length) };
  }

  /** The causes were told. */
  settleCauses(): void {
    this.#provenance = [];
    this.#changeCount = 0;
  }
}

function wordsOf(text: string): string {
  const problem = parseProblem(text);
  return problem ? formatProblem(problem) : 'a problem that cannot be read';
}
