import { type BundleFile, bundleFile } from './artifact.ts';
import { layout, templatePaths } from './bundle-layout.ts';
import { bundlePem } from './certificate.ts';
import { type InputField, inputField } from './inputs.ts';

interface Pair {
  readonly certificate: string;
  readonly key: string;
  readonly file: BundleFile;
}

/**
 * The files of a fleet's certificates: `ssl/<name>` and `ssl/<name>.pem`, each the key and then the chain, and a
 * crt-list of all of them, sorted by name. What did not change is not made again.
 */
export class CertificateFiles {
  #pairs = new Map<string, Pair>();
  #files: readonly BundleFile[] | undefined;

  /** `names` have both parts in `fields`. `instead` holds the whole file of a name whose parts are not to be used. */
  build(
    names: readonly string[],
    fields: ReadonlyMap<InputField, string>,
    instead: ReadonlyMap<string, BundleFile> = new Map(),
  ): readonly BundleFile[] {
    const pairs = new Map<string, Pair>();
    let changed = names.length !== this.#pairs.size;
    for (const name of names) {
      const before = this.#pairs.get(name);
      const kept = instead.get(name);
      const pair = kept ? keptPair(kept, before) : pairOf(name, fields, before);
      pairs.set(name, pair);
      changed ||= pair !== before;
    }
    this.#pairs = pairs;
    if (changed || !this.#files) this.#files = filesOf(pairs);
    return this.#files;
  }

  /** Of the files that were built last. */
  file(path: string): BundleFile | undefined {
    return this.#files?.find((file) => file.path === path);
  }
}

function pairOf(name: string, fields: ReadonlyMap<InputField, string>, before: Pair | undefined): Pair {
  const certificate = fields.get(inputField('certificate', name)) ?? '';
  const key = fields.get(inputField('key', name)) ?? '';
  if (before?.certificate === certificate && before.key === key) return before;
  return { certificate, key, file: bundleFile(pathOf(name), Buffer.from(bundlePem(certificate, key))) };
}

/** Its parts are not to be used: whatever they become, they are another pair. */
const keptPair = (file: BundleFile, before: Pair | undefined): Pair =>
  before?.file === file ? before : { certificate: '', key: '', file };

const pathOf = (name: string): string => `${layout.ssl}/${name}`;

function filesOf(pairs: ReadonlyMap<string, Pair>): BundleFile[] {
  const files = new Map<string, BundleFile>();
  const add = (path: string, file: BundleFile) => files.set(path, { ...file, path });
  for (const [name, { file }] of pairs) add(`${pathOf(name)}.pem`, file);
  // A certificate that is itself called "x.pem" comes before the second name of "x".
  for (const [name, { file }] of pairs) add(pathOf(name), file);
  const list = [...pairs.keys()].map((name) => `${templatePaths.ssldir}/${name}\n`).join('');
  add(layout.crtList, bundleFile(layout.crtList, Buffer.from(list)));
  return [...files.values()];
}
