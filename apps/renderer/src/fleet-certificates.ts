import {
  type BundleFile,
  CertificateFiles,
  type FieldChanges,
  type FleetName,
  type InputField,
  type Problem,
  inputField,
  layout,
  objectOf,
  parseInputField,
  templatePaths,
} from '@flotilla/domain';

/** A pair that HAProxy refused. */
interface RefusedPair {
  /** HAProxy's. */
  readonly words: string;
  /** The file that serves in its place; undefined when there was none, or HAProxy refused that as well. */
  readonly instead: BundleFile | undefined;
}

/** What FleetCertificates needs of the fleet's inputs. */
export interface CertificateInputs {
  readonly fields: ReadonlyMap<InputField, string>;
  /** Names of the certificates that have both parts, sorted. */
  certificates(): readonly string[];
}

/**
 * A fleet's certificates, as far as HAProxy takes them.
 *
 * Only HAProxy knows what it takes: that depends on the version of its OpenSSL and on settings such as the security
 * level. So nothing is judged ahead. When HAProxy refuses a bundle and names the file of a pair, that pair is what is
 * wrong: what served last under its name takes its place, or nothing, until the pair changes.
 */
export class FleetCertificates {
  readonly #fleet: FleetName;
  readonly #files = new CertificateFiles();
  readonly #refused = new Map<string, RefusedPair>();

  constructor(fleet: FleetName) {
    this.#fleet = fleet;
  }

  build(inputs: CertificateInputs): readonly BundleFile[] {
    const names = inputs.certificates().filter((name) => !this.#isLeftOut(name));
    const instead = [...this.#refused].flatMap(([name, { instead }]) => (instead ? [[name, instead] as const] : []));
    return this.#files.build(names, inputs.fields, new Map(instead));
  }

  /**
   * Takes HAProxy's words about a bundle that it refused; `servedLast` gives the file of that path that it took last.
   * Gives the names of the pairs that were found refused by them, which no longer are in the next bundle.
   */
  async refuse(
    words: string,
    inputs: CertificateInputs,
    servedLast: (path: string) => Promise<BundleFile | undefined>,
  ): Promise<string[]> {
    const names = inputs.certificates();
    const named = names.filter((name) => !this.#isLeftOut(name) && isNamedIn(words, name, names));
    for (const name of named) {
      // What served last can be refused in its turn, after HAProxy was upgraded, say.
      const before = this.#refused.get(name);
      const served = before ? undefined : await lastOf(name, servedLast);
      const isSame = served && this.#files.file(pathOf(name))?.digest === served.digest;
      const instead = isSame ? undefined : served;
      this.#refused.set(name, { words: before?.words ?? sentenceWith(words, name, names), instead });
    }
    return named;
  }

  /** A pair that changes is tried again. Gives the fields of those that were left out, as templates see them again. */
  forget(changes: FieldChanges, { fields }: CertificateInputs): FieldChanges {
    const again = new Map<InputField, string | null>();
    for (const field of changes.keys()) {
      const { part, names } = parseInputField(field);
      const [name = ''] = names;
      if ((part !== 'certificate' && part !== 'key') || !this.#refused.delete(name)) continue;
      for (const each of fieldsOf(name)) again.set(each, fields.get(each) ?? null);
    }
    return again;
  }

  /** Fields of pairs in whose place nothing serves: to templates they are not there. */
  leftOut(): FieldChanges {
    const names = [...this.#refused.keys()].filter((name) => this.#isLeftOut(name));
    return new Map(names.flatMap(fieldsOf).map((field) => [field, null]));
  }

  problems(): Problem[] {
    return [...this.#refused].map(([name, { words, instead }]) => ({
      object: objectOf('certificate', this.#fleet),
      key: name,
      code: 'bad-certificate',
      reason: `HAProxy refuses it: ${words}`,
      serves: instead ? 'last-good' : 'nothing',
    }));
  }

  #isLeftOut(name: string): boolean {
    const refused = this.#refused.get(name);
    return refused !== undefined && refused.instead === undefined;
  }
}

const fieldsOf = (name: string): InputField[] => [inputField('certificate', name), inputField('key', name)];

const pathOf = (name: string): string => `${layout.ssl}/${name}`;

/** `ssl/x.pem` is the second name of `x`, unless there is an entry of that name. */
const pathsOf = (name: string, names: readonly string[]): string[] =>
  names.includes(`${name}.pem`) ? [pathOf(name)] : [pathOf(name), `${pathOf(name)}.pem`];

/** HAProxy names files in quotes: "… from file 'ssl/a'". */
const isNamedIn = (words: string, name: string, names: readonly string[]): boolean =>
  pathsOf(name, names).some((path) => words.includes(`'${path}'`));

/** The line of HAProxy's words that names the pair. */
const sentenceWith = (words: string, name: string, names: readonly string[]): string =>
  words
    .split('\n')
    .find((line) => isNamedIn(line, name, names))
    ?.trim() ?? words;

/** The file that served last under this name, if it was an entry's and not the second name of another one. */
async function lastOf(
  name: string,
  servedLast: (path: string) => Promise<BundleFile | undefined>,
): Promise<BundleFile | undefined> {
  const list = (await servedLast(layout.crtList))?.content.toString().split('\n') ?? [];
  return list.includes(`${templatePaths.ssldir}/${name}`) ? servedLast(pathOf(name)) : undefined;
}
